-- refused: a function of the server or of an extension that does more than compute: slot get changes
-- from: R11

SELECT * FROM pg_logical_slot_get_changes('a', NULL, NULL)
