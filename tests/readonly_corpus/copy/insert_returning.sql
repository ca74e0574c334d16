-- refused: a write whose rows are copied
-- from: R6, R7

COPY (INSERT INTO public.victim VALUES (1) RETURNING 1) TO STDOUT
