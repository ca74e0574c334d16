-- passes: what engineers ask of tables: grouping sets

SELECT status, account_id % 3 AS third, count(*), grouping(status) FROM orders GROUP BY GROUPING SETS ((status), (third), ()) ORDER BY 1, 2, 3
