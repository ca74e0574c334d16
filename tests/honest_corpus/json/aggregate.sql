-- passes: JSON as it is used: aggregate

SELECT jsonb_object_agg(id, note ORDER BY id) FROM orders WHERE id < 4
