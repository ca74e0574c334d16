-- passes: what engineers ask of tables: cube

SELECT status, account_id % 2, avg(amount)::int FROM orders GROUP BY CUBE (1, 2) ORDER BY 1, 2, 3
