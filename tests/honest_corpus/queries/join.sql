-- passes: what engineers ask of tables: join

SELECT a.owner, o.id, o.note FROM orders o JOIN accounts a ON a.id = o.account_id WHERE a.balance > 100 ORDER BY o.id LIMIT 10
