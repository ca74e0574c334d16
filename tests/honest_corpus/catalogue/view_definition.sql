-- passes: what tools ask of the catalogue: view definition

SELECT pg_get_viewdef('open_orders'::regclass, true)
