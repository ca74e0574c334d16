-- refused: modes may be listed without commas, too

START TRANSACTION READ ONLY ISOLATION LEVEL SERIALIZABLE READ WRITE NOT DEFERRABLE
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
