-- refused: the grant may update, not insert
-- scopes: update:public.granted
-- from: R15

INSERT INTO public.granted VALUES (77, 'x')
