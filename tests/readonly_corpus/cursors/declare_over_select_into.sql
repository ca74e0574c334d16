-- refused: which PostgreSQL refuses, too

BEGIN
-- next message
DECLARE c CURSOR FOR SELECT 1 AS a INTO public.stolen
-- next message
COMMIT
