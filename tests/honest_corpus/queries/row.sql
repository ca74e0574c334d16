-- passes: what engineers ask of tables: row

SELECT ROW(1, 'a', NULL)
