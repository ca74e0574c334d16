-- refused: names of settings know no case

SET "DEFAULT_Transaction_READ_only" = off
-- next message
INSERT INTO public.victim VALUES (1)
