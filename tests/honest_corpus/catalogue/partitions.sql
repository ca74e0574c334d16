-- passes: what tools ask of the catalogue: partitions

SELECT inhrelid::regclass, pg_get_expr(relpartbound, oid) FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'measurements'::regclass
