-- passes: what engineers ask of tables: set operations

(SELECT id FROM orders WHERE id < 5 EXCEPT SELECT 2) UNION ALL SELECT id FROM sales.leads WHERE id > 18 ORDER BY 1
