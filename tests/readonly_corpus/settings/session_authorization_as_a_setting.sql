-- refused: a setting: the same as a setting

SET session_authorization TO 'boss'
-- next message
INSERT INTO public.victim VALUES (1)
