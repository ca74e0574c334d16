-- passes: what engineers ask of tables: partition

SELECT min(at), max(value) FROM measurements_2026
