-- refused: a setting: and after DISCARD ALL
-- from: R1 (16)
-- sequence

DISCARD ALL
-- next message
INSERT INTO public.victim VALUES (1)
