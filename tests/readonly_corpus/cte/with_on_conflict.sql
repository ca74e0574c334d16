-- refused: ON CONFLICT DO NOTHING may still insert
-- from: R7

WITH w AS (INSERT INTO public.accounts (id, owner) VALUES (1, 'x') ON CONFLICT DO NOTHING RETURNING 1) SELECT 1
