-- refused: another table with three names
-- scopes: update:public.granted
-- from: R15

UPDATE @DATABASE@.public.other SET note = 'x'
