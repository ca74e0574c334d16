-- refused: a setting: and set_config knows it
-- from: R3

SELECT set_config('role', 'boss', false)
-- next message
INSERT INTO public.victim VALUES (1)
