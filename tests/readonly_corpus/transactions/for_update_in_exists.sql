-- refused: EXISTS locks what it finds

SELECT 1 WHERE EXISTS (SELECT FROM public.orders WHERE id = 1 FOR NO KEY UPDATE)
