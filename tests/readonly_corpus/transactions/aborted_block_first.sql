-- refused: a block that failed does not hide what comes behind ROLLBACK

BEGIN
-- next message
SELECT 1/0
-- next message
ROLLBACK; INSERT INTO public.victim VALUES (1)
