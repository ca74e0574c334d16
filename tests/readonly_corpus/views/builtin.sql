-- refused: the view takes an advisory lock
-- from: R9

SELECT * FROM public.locks_view
