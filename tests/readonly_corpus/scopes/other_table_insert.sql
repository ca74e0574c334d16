-- refused: the verb on another table
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.other VALUES (77, 'x')
