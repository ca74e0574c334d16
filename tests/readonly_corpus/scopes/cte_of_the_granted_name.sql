-- refused: a CTE has the granted name, the target is a table
-- scopes: update:public.granted
-- from: R15

WITH granted AS (SELECT 1 AS id) UPDATE public.other SET note = 'x' FROM granted WHERE granted.id = other.id
