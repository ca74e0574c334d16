-- refused: a function of the server or of an extension that does more than compute: terminate everybody
-- from: R11

SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()
