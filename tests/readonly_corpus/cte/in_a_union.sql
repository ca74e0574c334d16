-- refused: in the second statement of a string
-- from: R7

(WITH w AS (SELECT 1) SELECT * FROM w) UNION ALL (SELECT id FROM public.victim) ; WITH x AS (DELETE FROM sales.leads) SELECT 1
