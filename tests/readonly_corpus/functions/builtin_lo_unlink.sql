-- refused: a function of the server or of an extension that does more than compute: lo unlink
-- from: R11

SELECT lo_unlink(oid) FROM pg_largeobject_metadata
