-- refused: the target is the other table, the granted one only joins
-- scopes: update:public.granted
-- from: R15

UPDATE public.other o SET note = g.note FROM public.granted g WHERE g.id = o.id
