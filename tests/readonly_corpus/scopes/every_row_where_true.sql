-- refused: beyond the scope: WHERE true
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE true
