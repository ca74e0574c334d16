-- refused: the grant may truncate, not delete
-- scopes: truncate:public.granted
-- from: R15

DELETE FROM public.granted WHERE id = 1
