-- passes: what engineers ask of tables: system columns

SELECT ctid, xmin IS NOT NULL, tableoid::regclass FROM orders WHERE id = 1
