-- passes: JSON as it is used: build

SELECT json_build_object('id', id, 'tags', tags), to_jsonb(o) - 'extra' FROM orders o WHERE id = 2
