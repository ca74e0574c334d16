-- passes: what tools ask of the catalogue: dependencies

SELECT count(*) > 0 FROM pg_depend
