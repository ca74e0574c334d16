-- passes: what engineers ask of tables: whole row

SELECT o FROM orders o WHERE id = 7
