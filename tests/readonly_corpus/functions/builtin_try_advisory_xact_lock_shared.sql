-- refused: a function of the server or of an extension that does more than compute: try advisory xact lock shared
-- from: R11

SELECT pg_try_advisory_xact_lock_shared(5)
