-- refused: IMMUTABLE is one, too: it runs when the query is planned
-- from: R10

SELECT public.writes_immutable()
