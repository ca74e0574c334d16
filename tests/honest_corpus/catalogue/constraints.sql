-- passes: what tools ask of the catalogue: constraints

SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.orders'::regclass ORDER BY 1
