-- refused: a function runs without being called by name in call syntax, or by another spelling: order by operator class
-- from: 1.7 (8)

SELECT m FROM public.typed ORDER BY m USING <<<
