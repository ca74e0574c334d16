-- refused: the call stands at a place of its own: group by
-- from: R8

SELECT count(*) FROM public.accounts GROUP BY public.writes_one(id)
