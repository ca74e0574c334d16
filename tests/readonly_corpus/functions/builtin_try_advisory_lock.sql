-- refused: a function of the server or of an extension that does more than compute: try advisory lock
-- from: R11

SELECT pg_try_advisory_lock(3)
