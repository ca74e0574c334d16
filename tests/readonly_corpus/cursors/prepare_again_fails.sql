-- refused: a failed PREPARE leaves the first statement

PREPARE p AS SELECT 1
-- next message
PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
EXECUTE p
