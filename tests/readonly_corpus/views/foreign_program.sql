-- refused: a view that does more: file_fdw runs a program
-- from: R9

SELECT * FROM public.program
