-- refused: beyond the scope: an updatable view
-- scopes: update:public.granted
-- from: R15

UPDATE public.updatable SET note = 'x'
