-- refused: a foreign table that runs a program
-- from: R6, R7

COPY public.program TO STDOUT
