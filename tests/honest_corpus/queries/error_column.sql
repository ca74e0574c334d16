-- passes: what engineers ask of tables: error column

SELECT no_such_column FROM orders
