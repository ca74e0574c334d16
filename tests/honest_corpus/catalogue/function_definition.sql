-- passes: what tools ask of the catalogue: function definition

SELECT pg_get_functiondef('public.order_total'::regproc)
