-- refused: LOCK TABLE without a mode locks out everybody
-- from: R16

BEGIN
-- next message
LOCK TABLE public.orders
