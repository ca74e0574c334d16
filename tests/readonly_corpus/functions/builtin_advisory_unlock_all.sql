-- passes: a function of the server or of an extension that does more than compute: advisory unlock all
-- from: R11

SELECT pg_advisory_unlock_all()
