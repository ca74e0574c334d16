-- refused: beyond the scope: the same with DELETE
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.other USING public.granted WHERE granted.id = other.id
