-- refused: a slot by the walsender's grammar
-- from: P7
-- protocol: messages

query CREATE_REPLICATION_SLOT stolen_slot PHYSICAL
