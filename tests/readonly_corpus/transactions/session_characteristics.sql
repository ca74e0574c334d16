-- refused: the default of all later transactions is changed
-- from: R1 (11)
-- sequence

SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
-- next message
INSERT INTO public.victim VALUES (1)
