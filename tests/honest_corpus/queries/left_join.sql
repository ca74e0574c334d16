-- passes: what engineers ask of tables: left join

SELECT a.id, count(o.*) FROM accounts a LEFT JOIN orders o ON o.account_id = a.id AND o.amount > 490 GROUP BY a.id ORDER BY a.id
