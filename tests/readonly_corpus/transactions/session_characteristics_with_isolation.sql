-- refused: the mode hides behind an isolation level
-- from: R3

SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
