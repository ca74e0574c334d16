-- refused: ROW SHARE stops exclusive locks
-- from: R16

BEGIN
-- next message
LOCK TABLE public.accounts, public.orders IN ROW SHARE MODE
