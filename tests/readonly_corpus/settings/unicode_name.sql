-- refused: a setting's name in U&"" with an escape

SET U&"default_transaction\005fread_only" = off
-- next message
INSERT INTO public.victim VALUES (1)
