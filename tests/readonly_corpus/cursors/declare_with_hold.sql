-- refused: WITH HOLD runs it at COMMIT
-- from: R7

BEGIN
-- next message
DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT public.writes()
-- next message
COMMIT
