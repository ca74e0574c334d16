-- refused: a function runs without being called by name in call syntax, or by another spelling: range of a type
-- from: 1.7 (8)

SELECT 'glum'::public.mood <@ r FROM public.typed
