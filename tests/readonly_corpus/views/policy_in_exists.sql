-- refused: a view that does more: the same in EXISTS
-- from: R9

SELECT 1 WHERE EXISTS (SELECT FROM public.policed)
