-- refused: a lock on a view locks its tables

BEGIN
-- next message
LOCK TABLE public.open_orders IN ACCESS EXCLUSIVE MODE
