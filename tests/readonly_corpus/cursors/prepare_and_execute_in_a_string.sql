-- refused: cursors: both in one message
-- from: R14d

PREPARE p AS INSERT INTO public.victim VALUES (1); EXECUTE p
