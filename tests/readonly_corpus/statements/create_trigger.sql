-- refused: a statement that writes, defines, instructs or tells others: create trigger
-- from: R6

CREATE TRIGGER stolen AFTER INSERT ON public.victim EXECUTE FUNCTION public.touch()
