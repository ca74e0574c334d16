-- refused: a statement that writes, defines, instructs or tells others: call
-- from: R6

CALL public.writes_procedure()
