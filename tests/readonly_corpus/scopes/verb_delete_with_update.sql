-- refused: the grant may update, not delete
-- scopes: update:public.granted
-- from: R15

DELETE FROM public.granted WHERE id = 1
