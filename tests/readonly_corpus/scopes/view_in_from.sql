-- refused: FROM reads a view that writes
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' FROM public.writes_view v WHERE granted.id = v.a
