-- refused: a function of the server or of an extension that does more than compute: unknown function
-- from: R11

SELECT public.no_such_function(1)
