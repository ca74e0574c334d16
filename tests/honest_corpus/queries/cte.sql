-- passes: what engineers ask of tables: cte

WITH big AS (SELECT * FROM orders WHERE amount > 400), few AS MATERIALIZED (SELECT account_id FROM big GROUP BY 1 HAVING count(*) > 1) SELECT count(*) FROM few
