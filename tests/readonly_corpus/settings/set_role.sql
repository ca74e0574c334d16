-- refused: a setting: another role
-- from: R3

SET ROLE boss
-- next message
INSERT INTO public.victim VALUES (1)
