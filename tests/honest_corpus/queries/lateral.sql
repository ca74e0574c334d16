-- passes: what engineers ask of tables: lateral

SELECT a.id, l.id FROM accounts a, LATERAL (SELECT id FROM orders o WHERE o.account_id = a.id ORDER BY amount DESC LIMIT 1) l ORDER BY 1 LIMIT 5
