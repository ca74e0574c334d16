-- refused: a statement that writes, defines, instructs or tells others: alter function

ALTER FUNCTION public.writes() STABLE
