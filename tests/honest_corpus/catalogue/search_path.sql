-- passes: what tools ask of the catalogue: search path

SELECT current_schemas(true), current_schema()
