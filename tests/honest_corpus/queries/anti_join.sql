-- passes: what engineers ask of tables: anti join

SELECT id FROM accounts a WHERE NOT EXISTS (SELECT FROM orders o WHERE o.account_id = a.id AND o.amount > 450) ORDER BY 1
