-- refused: a trigger would write later
-- scopes: insert,update,delete,truncate:public.granted
-- from: R15

CREATE TRIGGER stolen AFTER INSERT ON public.granted EXECUTE FUNCTION public.touch()
