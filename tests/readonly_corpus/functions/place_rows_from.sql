-- refused: the call stands at a place of its own: rows from
-- from: R8

SELECT * FROM ROWS FROM (generate_series(1, 2), public.writes_rows())
