-- refused: a function of the server or of an extension that does more than compute: slot by attribute
-- from: R11

SELECT ('stolen_attribute'::name).pg_create_physical_replication_slot
