-- refused: a function of the server or of an extension that does more than compute: terminate by attribute
-- from: R11

SELECT (@BYSTANDER@).pg_terminate_backend
