-- refused: a sequence in a granted write
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.granted VALUES (nextval('public.tickets'))
