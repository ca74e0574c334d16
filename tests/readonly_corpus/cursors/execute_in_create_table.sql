-- refused: cursors: CREATE TABLE AS EXECUTE
-- from: R7

PREPARE p AS SELECT 1 AS a
-- next message
CREATE TABLE public.stolen AS EXECUTE p
