-- refused: the call stands at a place of its own: window partition
-- from: R8

SELECT row_number() OVER (PARTITION BY public.writes_one(id)) FROM public.accounts
