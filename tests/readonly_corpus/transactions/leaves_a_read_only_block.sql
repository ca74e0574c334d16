-- refused: a block that was opened READ ONLY is left
-- from: R1 (6)
-- sequence

BEGIN READ ONLY
-- next message
COMMIT; BEGIN READ WRITE; INSERT INTO public.victim VALUES (1); COMMIT
