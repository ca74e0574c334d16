-- refused: a call: the body says SET LOCAL
-- from: R10

SELECT public.turns_it_around()
