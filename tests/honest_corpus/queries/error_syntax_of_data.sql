-- passes: what engineers ask of tables: error syntax of data

SELECT 'x'::int
