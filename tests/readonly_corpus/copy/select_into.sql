-- refused: COPY: SELECT INTO
-- from: R6, R7

COPY (SELECT 1 AS a INTO public.stolen) TO STDOUT
