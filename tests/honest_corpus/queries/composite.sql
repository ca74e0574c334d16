-- passes: what engineers ask of tables: composite

SELECT (home).city, (a.home).street FROM accounts a WHERE id = 1
