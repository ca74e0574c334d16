-- refused: a view that does more: the view's name as text
-- from: R9

SELECT query_to_xml(format('SELECT * FROM %s', 'public.writes_view'::regclass), true, true, '')
