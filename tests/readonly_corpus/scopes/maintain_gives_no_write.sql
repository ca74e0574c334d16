-- refused: beyond the scope: maintain is no write
-- scopes: maintain:public.granted
-- from: R15

DELETE FROM public.granted WHERE id = 1
