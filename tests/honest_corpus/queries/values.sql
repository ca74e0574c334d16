-- passes: what engineers ask of tables: values

VALUES (1, 'a'), (2, 'b')
