-- refused: a name in quotes is another name

PREPARE "P" AS SELECT 1
-- next message
PREPARE p AS INSERT INTO public.victim VALUES (1)
-- next message
EXECUTE "P"; EXECUTE p
