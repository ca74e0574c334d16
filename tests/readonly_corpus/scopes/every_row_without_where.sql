-- refused: beyond the scope: every row, by accident
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x'
