-- refused: the program is a child of a table
-- from: R9

SELECT * FROM public.inherits_program
