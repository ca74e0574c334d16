-- refused: a function of the server or of an extension that does more than compute: trigger function
-- from: R11

SELECT suppress_redundant_updates_trigger()
