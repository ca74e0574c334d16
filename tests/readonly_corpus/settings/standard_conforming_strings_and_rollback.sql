-- refused: set back by ROLLBACK, so that a tracker of texts is wrong

BEGIN
-- next message
SET standard_conforming_strings = off
-- next message
ROLLBACK
-- next message
SELECT '\'; INSERT INTO public.victim VALUES (1); --'
