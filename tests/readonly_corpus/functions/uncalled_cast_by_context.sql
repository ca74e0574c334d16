-- refused: a function runs without being called by name in call syntax, or by another spelling: cast by context
-- from: 1.7 (8)

SELECT abs(m) FROM public.typed
