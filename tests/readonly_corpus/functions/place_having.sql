-- refused: the call stands at a place of its own: having
-- from: R8

SELECT 1 FROM public.accounts HAVING public.writes() = 1
