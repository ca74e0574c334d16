-- refused: beyond the scope: COPY into another table
-- scopes: insert:public.granted
-- from: R15

COPY public.other FROM STDIN
