-- refused: the second statement of a string
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x' WHERE id = 1; UPDATE public.other SET note = 'x'
