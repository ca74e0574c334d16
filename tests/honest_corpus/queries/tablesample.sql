-- passes: what engineers ask of tables: tablesample

SELECT count(*) FROM orders TABLESAMPLE bernoulli (100) REPEATABLE (1)
