-- refused: a function of the server or of an extension that does more than compute: cancel backend
-- from: R11

SELECT pg_cancel_backend(@BYSTANDER@)
