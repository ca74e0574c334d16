-- refused: a view over the other table
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted_view SET note = 'x'
