-- refused: the call stands at a place of its own: distinct on
-- from: R8

SELECT DISTINCT ON (public.writes_one(id)) id FROM public.accounts
