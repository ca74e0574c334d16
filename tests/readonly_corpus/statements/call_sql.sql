-- refused: a statement that writes, defines, instructs or tells others: call sql
-- from: R6

CALL public.writes_procedure_sql()
