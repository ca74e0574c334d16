-- refused: a table whose policy writes
-- from: R6, R7

COPY public.policed TO STDOUT
