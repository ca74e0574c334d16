-- refused: the other table under the granted one's name
-- scopes: update:public.granted
-- from: R15

UPDATE public.other AS granted SET note = 'x' WHERE granted.id = 1
