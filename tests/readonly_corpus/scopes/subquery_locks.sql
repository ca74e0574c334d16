-- refused: a sub-query locks rows of another table
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE id IN (SELECT id FROM public.orders FOR UPDATE)
