-- passes: what engineers ask of tables: distinct on

SELECT DISTINCT ON (status) status, id FROM orders ORDER BY status, id DESC
