-- refused: beyond the scope: LOCK of another table
-- scopes: update:public.granted
-- from: R15

BEGIN
-- next message
LOCK TABLE public.orders IN EXCLUSIVE MODE
-- next message
COMMIT
