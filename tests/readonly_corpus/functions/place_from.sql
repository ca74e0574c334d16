-- refused: the call stands at a place of its own: from
-- from: R8 [postgres-mcp 178]

SELECT * FROM public.writes()
