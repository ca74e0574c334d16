-- refused: the grant may insert, not update
-- scopes: insert:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE id = 1
