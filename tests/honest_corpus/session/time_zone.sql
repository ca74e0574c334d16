-- passes: settings and blocks of drivers, poolers and people: time zone

SET TIME ZONE 'Asia/Tokyo'
-- next message
SELECT created_at FROM orders WHERE id = 1
-- next message
SET TIME ZONE DEFAULT
