-- refused: a view that does more: with the database's name
-- from: R9

SELECT * FROM @DATABASE@.public.writes_view
