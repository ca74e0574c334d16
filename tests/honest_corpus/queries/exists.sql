-- passes: what engineers ask of tables: exists

SELECT EXISTS (SELECT 1 FROM orders WHERE amount > 10000)
