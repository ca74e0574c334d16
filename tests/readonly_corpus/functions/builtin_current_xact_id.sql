-- refused: a function of the server or of an extension that does more than compute: current xact id
-- from: R11

SELECT pg_current_xact_id()
