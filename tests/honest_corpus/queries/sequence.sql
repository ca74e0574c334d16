-- passes: what engineers ask of tables: sequence

SELECT last_value, is_called FROM tickets
