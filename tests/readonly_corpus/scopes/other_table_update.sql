-- refused: the verb on another table
-- scopes: update:public.granted
-- from: R15

UPDATE public.other SET note = 'x' WHERE id = 1
