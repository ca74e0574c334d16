-- refused: two functions call each other, and one of them writes
-- from: R10

SELECT public.even_odd(3)
