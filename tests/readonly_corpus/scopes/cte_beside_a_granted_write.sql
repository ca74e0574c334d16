-- refused: a CTE beside the granted write
-- scopes: insert:public.granted
-- from: R15

WITH w AS (INSERT INTO public.granted VALUES (501, 'x')), v AS (UPDATE public.other SET note = 'x') SELECT 1
