-- refused: a guard that is set after connecting is gone after RESET ALL
-- from: R1 (16)
-- sequence

RESET ALL
-- next message
INSERT INTO public.victim VALUES (1)
