-- refused: a call: CASE evaluates
-- from: R10

SELECT public.writes_case()
