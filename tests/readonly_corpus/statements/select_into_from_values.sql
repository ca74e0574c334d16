-- refused: a statement that writes, defines, instructs or tells others: select into from values
-- from: R7

WITH c AS (SELECT 1 AS a) SELECT a INTO public.stolen FROM c
