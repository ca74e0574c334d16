-- refused: a CTE writes another table
-- scopes: insert:public.granted
-- from: R15

WITH w AS (DELETE FROM public.other RETURNING id) INSERT INTO public.granted SELECT id + 500 FROM w
