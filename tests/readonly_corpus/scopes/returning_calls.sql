-- refused: RETURNING calls a function that writes
-- scopes: insert:public.granted
-- from: R15

INSERT INTO public.granted VALUES (801, 'x') RETURNING public.writes()
