-- refused: DELETE of the parent, too
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.granted WHERE id > 100
