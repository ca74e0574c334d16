-- refused: a function of the server or of an extension that does more than compute: advisory lock
-- from: R11

SELECT pg_advisory_lock(1)
