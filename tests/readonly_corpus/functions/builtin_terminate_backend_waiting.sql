-- refused: a function of the server or of an extension that does more than compute: terminate backend waiting
-- from: R11

SELECT pg_terminate_backend(@BYSTANDER@, 10)
