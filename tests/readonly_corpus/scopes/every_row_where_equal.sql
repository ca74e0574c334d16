-- refused: beyond the scope: WHERE 1 = 1
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.granted WHERE 1 = 1
