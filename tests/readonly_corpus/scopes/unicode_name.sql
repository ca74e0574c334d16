-- refused: beyond the scope: another table by escapes
-- scopes: update:public.granted
-- from: R15

UPDATE public.U&"\006Fther" SET note = 'x'
