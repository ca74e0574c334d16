-- refused: a prepared write of another table
-- scopes: update:public.granted
-- from: R15

PREPARE p AS UPDATE public.other SET note = 'x'
-- next message
EXECUTE p
