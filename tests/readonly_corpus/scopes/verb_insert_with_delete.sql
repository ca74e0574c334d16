-- refused: the grant may delete, not insert
-- scopes: delete:public.granted
-- from: R15

INSERT INTO public.granted VALUES (77, 'x')
