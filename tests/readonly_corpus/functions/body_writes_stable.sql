-- refused: STABLE is a promise, not a check
-- from: R10

SELECT public.writes_stable()
