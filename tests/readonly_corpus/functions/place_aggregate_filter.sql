-- refused: the call stands at a place of its own: aggregate filter
-- from: R8

SELECT count(*) FILTER (WHERE public.writes_one(id) > 0) FROM public.accounts
