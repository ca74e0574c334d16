-- refused: a default for tables that nobody may make

SET default_tablespace = ''
-- next message
CREATE TABLE public.stolen (a int)
