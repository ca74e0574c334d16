-- refused: beyond the scope: a value calls
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.granted VALUES (public.writes())
