-- refused: planned anew under another path
-- from: P10, R14c

PREPARE p AS SELECT count_orders()
-- next message
SET search_path = shadow
-- next message
EXECUTE p
