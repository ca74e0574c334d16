-- refused: a function of the server or of an extension that does more than compute: log backend memory
-- from: R11

SELECT pg_log_backend_memory_contexts(@LISTENER@)
