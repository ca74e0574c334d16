-- passes: what engineers ask of tables: fetch with ties

SELECT status FROM orders ORDER BY status FETCH FIRST 1 ROW WITH TIES
