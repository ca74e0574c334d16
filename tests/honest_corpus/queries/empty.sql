-- passes: what engineers ask of tables: empty


