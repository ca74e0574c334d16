-- refused: a read does not depend on search_path, and what the path leads to is refused by itself
-- from: R14c

SET search_path = shadow, public
-- next message
SELECT abs(-1)
-- next message
SELECT * FROM accounts
