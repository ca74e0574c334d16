-- refused: a setting: by the function

SELECT set_config('standard_conforming_strings', 'off', false)
-- next message
SELECT '\'; INSERT INTO public.victim VALUES (1); --'
