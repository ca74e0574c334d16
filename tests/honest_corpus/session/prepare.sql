-- passes: settings and blocks of drivers, poolers and people: prepare

PREPARE q (int) AS SELECT note FROM orders WHERE id = $1
-- next message
EXECUTE q (7)
-- next message
EXECUTE q (8)
-- next message
DEALLOCATE q
