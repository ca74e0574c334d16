-- refused: cursors: a write is prepared
-- from: R7

PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
EXECUTE p
