-- passes: what engineers ask of tables: error table

SELECT * FROM no_such_table_of_ours
