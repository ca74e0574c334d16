-- refused: a statement that writes, defines, instructs or tells others: create event trigger

CREATE EVENT TRIGGER stolen ON ddl_command_start EXECUTE FUNCTION public.touch()
