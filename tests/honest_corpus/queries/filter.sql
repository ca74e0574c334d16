-- passes: what engineers ask of tables: filter

SELECT count(*) FILTER (WHERE status = 'paid'), count(*) FILTER (WHERE note LIKE '%7') FROM orders
