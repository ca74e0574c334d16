-- refused: the call stands at a place of its own: aggregate order by
-- from: R8

SELECT array_agg(id ORDER BY public.writes_one(id)) FROM public.accounts
