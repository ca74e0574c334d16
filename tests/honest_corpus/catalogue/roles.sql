-- passes: what tools ask of the catalogue: roles

SELECT rolname FROM pg_roles WHERE rolname = 'reader'
