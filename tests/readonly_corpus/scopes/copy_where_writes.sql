-- refused: the condition of COPY writes
-- scopes: insert:public.granted
-- from: R15

COPY public.granted FROM STDIN WHERE id > public.writes()
