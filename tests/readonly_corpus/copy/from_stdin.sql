-- refused: COPY: rows of the client
-- from: R6, R7

COPY public.victim FROM STDIN
