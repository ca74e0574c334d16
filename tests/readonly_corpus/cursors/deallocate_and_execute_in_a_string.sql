-- refused: what EXECUTE runs depends on the statement before
-- from: R14d

PREPARE p AS SELECT 1
-- next message
DEALLOCATE ALL; PREPARE p AS INSERT INTO public.victim VALUES (1); EXECUTE p
