-- passes: what engineers ask of tables: view

SELECT * FROM open_orders ORDER BY id LIMIT 3
