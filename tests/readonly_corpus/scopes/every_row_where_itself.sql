-- refused: beyond the scope: WHERE id = id
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.granted WHERE id = id
