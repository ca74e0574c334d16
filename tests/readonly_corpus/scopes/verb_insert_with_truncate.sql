-- refused: the grant may truncate, not insert
-- scopes: truncate:public.granted
-- from: R15

INSERT INTO public.granted VALUES (77, 'x')
