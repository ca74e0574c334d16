-- refused: a function of the server or of an extension that does more than compute: advisory lock shared
-- from: R11

SELECT pg_advisory_lock_shared(2)
