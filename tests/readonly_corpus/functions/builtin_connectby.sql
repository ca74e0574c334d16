-- refused: a function of the server or of an extension that does more than compute: connectby
-- from: R11

SELECT * FROM connectby('public.writes_view', 'a', 'a', '1', 0) AS t (a int, b int, c int)
