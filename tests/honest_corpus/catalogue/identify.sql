-- passes: what tools ask of the catalogue: identify

SELECT (pg_identify_object('pg_class'::regclass, 'orders'::regclass, 0)).identity, pg_describe_object('pg_class'::regclass, 'orders'::regclass, 0)
