-- refused: a setting: the same inside of a CTE

WITH u AS (UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name ~ 'read_only' RETURNING 1) SELECT * FROM u
-- next message
INSERT INTO public.victim VALUES (1)
