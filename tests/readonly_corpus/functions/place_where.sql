-- refused: the call stands at a place of its own: where
-- from: R8 [postgres-mcp 178]

SELECT 1 FROM public.accounts WHERE public.writes_one(id) = 0
