-- refused: a value is cast to a domain
-- scopes: update:public.granted
-- from: R15

UPDATE public.granted SET note = 'x'::public.checked WHERE id = 1
