-- refused: a function of the server or of an extension that does more than compute: unknown schema
-- from: R11

SELECT nowhere.writes()
