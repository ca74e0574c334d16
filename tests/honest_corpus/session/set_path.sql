-- passes: settings and blocks of drivers, poolers and people: set path

SET search_path = sales, public
-- next message
SELECT count(*) FROM orders
-- next message
RESET search_path
