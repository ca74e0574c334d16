-- refused: a function of the server or of an extension that does more than compute: emit message
-- from: R11

SELECT pg_logical_emit_message(false, 'a', 'b')
