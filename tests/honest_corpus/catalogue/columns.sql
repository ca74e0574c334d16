-- passes: what tools ask of the catalogue: columns

SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_name = 'orders' ORDER BY table_schema, ordinal_position
