-- passes: what engineers ask of tables: case

SELECT CASE status WHEN 'new' THEN 1 WHEN 'paid' THEN 2 ELSE 3 END, coalesce(note, '-'), nullif(note, 'order 7'), greatest(id, 5) FROM orders WHERE id < 9 ORDER BY id
