-- refused: beyond the scope: WHERE calls
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE public.writes_one(id) = 1
