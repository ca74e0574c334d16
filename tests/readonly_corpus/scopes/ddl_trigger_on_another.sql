-- refused: a trigger on a table elsewhere
-- scopes: ddl:shadow
-- from: R15

CREATE TRIGGER stolen BEFORE INSERT ON public.victim EXECUTE FUNCTION public.touch()
