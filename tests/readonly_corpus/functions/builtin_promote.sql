-- refused: a function of the server or of an extension that does more than compute: promote
-- from: R11

SELECT pg_promote()
