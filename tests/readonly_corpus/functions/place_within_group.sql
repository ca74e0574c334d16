-- refused: the call stands at a place of its own: within group
-- from: R8

SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY public.writes_one(id)) FROM public.accounts
