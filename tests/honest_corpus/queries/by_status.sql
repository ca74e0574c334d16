-- passes: what engineers ask of tables: by status

SELECT status, count(*), sum(amount)::numeric(12,2) FROM orders GROUP BY status ORDER BY 1
