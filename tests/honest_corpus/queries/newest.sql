-- passes: what engineers ask of tables: newest

SELECT id, status, amount, created_at FROM orders ORDER BY created_at DESC, id DESC LIMIT 20
