-- refused: a function of the server or of an extension that does more than compute: emit message transactional
-- from: R11

SELECT pg_logical_emit_message(true, 'a', '\x00'::bytea)
