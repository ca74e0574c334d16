-- refused: names in quotes are other names
-- scopes: update:public.granted
-- from: R15

UPDATE public."Other" SET note = 'x'
