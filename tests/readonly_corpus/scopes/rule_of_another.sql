-- refused: a table whose rule writes elsewhere
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.ruled VALUES (5)
