-- refused: a setting: for a block

BEGIN
-- next message
SET LOCAL ROLE boss
-- next message
INSERT INTO public.victim VALUES (1)
-- next message
COMMIT
