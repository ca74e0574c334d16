-- passes: what engineers ask of tables: array

SELECT tags[1], array_length(tags, 1), tags @> ARRAY['t1'] FROM orders WHERE id = 7
