-- refused: COPY: a function that writes
-- from: R6, R7

COPY (SELECT public.writes()) TO STDOUT
