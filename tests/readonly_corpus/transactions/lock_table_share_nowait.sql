-- refused: a transaction: SHARE stops every writer
-- from: R16

BEGIN
-- next message
LOCK ONLY public.orders IN SHARE MODE NOWAIT
