-- refused: lexing: half of a pair
-- from: R13

SELECT U&'\D83D'; INSERT INTO public.victim VALUES (1)
