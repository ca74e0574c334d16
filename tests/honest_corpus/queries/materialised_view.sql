-- passes: what engineers ask of tables: materialised view

SELECT * FROM totals ORDER BY account_id LIMIT 3
