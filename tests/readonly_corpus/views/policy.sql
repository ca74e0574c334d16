-- refused: a row-security policy runs a function
-- from: R9

SELECT * FROM public.policed
