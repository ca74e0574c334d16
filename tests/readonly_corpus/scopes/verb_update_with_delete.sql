-- refused: the grant may delete, not update
-- scopes: delete:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE id = 1
