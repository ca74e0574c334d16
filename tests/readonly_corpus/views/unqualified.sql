-- refused: a view that does more: found by search_path
-- from: R9

SELECT * FROM writes_view
