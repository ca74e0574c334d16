-- refused: END and ABORT close blocks, too

BEGIN READ ONLY; END; INSERT INTO public.victim VALUES (1)
-- next message
BEGIN; ABORT; INSERT INTO public.victim VALUES (1)
