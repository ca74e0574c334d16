-- passes: what engineers ask of tables: generated

SELECT amount_with_tax FROM orders WHERE id = 10
