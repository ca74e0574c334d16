-- passes: what tools ask of the catalogue: policies

SELECT * FROM pg_policies
