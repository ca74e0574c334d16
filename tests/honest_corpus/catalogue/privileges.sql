-- passes: what tools ask of the catalogue: privileges

SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_name = 'orders' ORDER BY table_schema, 1, 2
