-- passes: JSON as it is used: each

SELECT key, value FROM orders, jsonb_each_text(extra) WHERE id = 9
