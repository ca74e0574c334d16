-- passes: a setting without a text value

SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
-- next message
SELECT 1
