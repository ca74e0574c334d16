-- refused: the query of INSERT calls
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.granted SELECT public.writes()
