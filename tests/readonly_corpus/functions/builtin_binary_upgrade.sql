-- refused: a function of the server or of an extension that does more than compute: binary upgrade
-- from: R11

SELECT binary_upgrade_set_next_pg_class_oid(99999)
