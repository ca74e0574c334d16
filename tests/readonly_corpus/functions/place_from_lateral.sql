-- refused: the call stands at a place of its own: from lateral
-- from: R8

SELECT * FROM public.accounts a, LATERAL public.writes_one(a.id) w
