-- refused: beyond the scope: a table that inherits
-- scopes: update:public.granted
-- from: R15

UPDATE public.heir SET note = 'x'
