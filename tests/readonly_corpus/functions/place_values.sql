-- refused: the call stands at a place of its own: values
-- from: R8

VALUES (1), (public.writes())
