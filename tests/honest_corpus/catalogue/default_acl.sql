-- passes: what tools ask of the catalogue: default acl

SELECT * FROM pg_default_acl
