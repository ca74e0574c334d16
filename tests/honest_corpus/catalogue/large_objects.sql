-- passes: what tools ask of the catalogue: large objects

SELECT count(*) FROM pg_largeobject_metadata
