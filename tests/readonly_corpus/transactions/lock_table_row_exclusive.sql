-- refused: a writer's lock without a write
-- from: R16

BEGIN
-- next message
LOCK TABLE public.orders IN ROW EXCLUSIVE MODE
