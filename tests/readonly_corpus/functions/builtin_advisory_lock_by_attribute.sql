-- refused: a function of the server or of an extension that does more than compute: advisory lock by attribute
-- from: R11

SELECT (6).pg_advisory_lock
