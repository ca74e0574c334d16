-- refused: postgresql.auto.conf is written
-- from: R6

ALTER SYSTEM SET work_mem = '5MB'
