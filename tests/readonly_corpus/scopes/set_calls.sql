-- refused: beyond the scope: SET calls
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = public.writes()::text WHERE id = 1
