-- refused: the grant may insert, not delete
-- scopes: insert:public.granted
-- from: R15

DELETE FROM public.granted WHERE id = 1
