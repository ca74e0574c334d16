-- refused: with the name of the table
-- from: R7

WITH victim AS (DELETE FROM public.victim RETURNING *) TABLE victim
