-- refused: a sequence is advanced, two calls down
-- from: R10

SELECT public.writes_sequence()
