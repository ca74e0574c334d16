-- refused: beyond the scope: COPY inserts
-- scopes: update:public.granted
-- from: R15

COPY public.granted FROM STDIN
