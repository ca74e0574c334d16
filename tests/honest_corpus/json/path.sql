-- passes: JSON as it is used: path

SELECT jsonb_path_query(extra, '$.n ? (@ > 400)') FROM orders ORDER BY 1 LIMIT 3
