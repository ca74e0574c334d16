-- refused: the function has a SET clause
-- from: R10

SELECT public.turns_off_by_clause()
