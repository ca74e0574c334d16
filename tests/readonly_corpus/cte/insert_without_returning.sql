-- refused: a CTE that nobody reads runs all the same
-- from: R7

WITH w AS (INSERT INTO public.victim VALUES (1)) SELECT 1
