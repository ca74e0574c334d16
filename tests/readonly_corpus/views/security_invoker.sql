-- refused: a view that does more: with the caller's rights
-- from: R9

SELECT * FROM public.writes_invoked
