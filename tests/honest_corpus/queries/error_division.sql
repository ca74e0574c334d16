-- passes: what engineers ask of tables: error division

SELECT 1/0
