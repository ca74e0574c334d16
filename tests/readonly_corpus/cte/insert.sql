-- refused: a CTE that writes: a CTE inserts
-- from: R7 [bytebase 20631, 20645]

WITH w AS (INSERT INTO public.victim VALUES (1) RETURNING 1) SELECT * FROM w
