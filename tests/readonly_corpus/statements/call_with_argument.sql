-- refused: a statement that writes, defines, instructs or tells others: call with argument
-- from: R6

CALL public.no_such_procedure(public.writes())
