-- passes: what engineers ask of tables: table

TABLE sales.leads
