-- refused: a function of the server or of an extension that does more than compute: cancel by a join
-- from: R11

SELECT pg_cancel_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.pid = @BYSTANDER@
