-- refused: a setting: another person
-- from: R3

SET SESSION AUTHORIZATION boss
-- next message
INSERT INTO public.victim VALUES (1)
