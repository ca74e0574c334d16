-- refused: the call stands at a place of its own: join on
-- from: R8

SELECT 1 FROM public.accounts a JOIN public.accounts b ON public.writes_two(a.id, b.id) = 1
