-- passes: what engineers ask of tables: many statements

SELECT 1; SELECT 2; SELECT id FROM orders WHERE id = 3
