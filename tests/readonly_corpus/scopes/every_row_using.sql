-- refused: USING without a condition
-- scopes: delete:public.granted
-- from: R15

DELETE FROM public.granted USING public.other
