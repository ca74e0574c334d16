-- refused: a CTE that writes: before VALUES
-- from: R7

WITH w AS (INSERT INTO public.victim VALUES (1) RETURNING id) VALUES ((SELECT id FROM w))
