-- refused: the grant may truncate, not update
-- scopes: truncate:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE id = 1
