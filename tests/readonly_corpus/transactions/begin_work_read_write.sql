-- refused: a transaction: BEGIN WORK is BEGIN, too

BEGIN WORK ISOLATION LEVEL REPEATABLE READ, READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
END WORK
