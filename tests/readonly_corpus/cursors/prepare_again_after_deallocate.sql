-- refused: the name of a harmless statement again

PREPARE p AS SELECT 1
-- next message
DEALLOCATE p
-- next message
PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
EXECUTE p
