-- refused: the call stands at a place of its own: select list
-- from: R8 [postgres-mcp 178]

SELECT 1, public.writes() AS a, 2
