-- refused: the role is a setting, too

SET role = 'boss'
-- next message
INSERT INTO public.victim VALUES (1)
