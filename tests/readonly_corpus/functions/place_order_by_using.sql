-- refused: the call stands at a place of its own: order by using
-- from: R8

SELECT id FROM public.accounts ORDER BY public.writes_one(id) USING >
