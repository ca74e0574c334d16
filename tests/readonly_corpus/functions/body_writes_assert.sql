-- refused: a call: ASSERT evaluates
-- from: R10

SELECT public.writes_assert()
