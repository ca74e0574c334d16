-- refused: a parenthesis in a string
-- from: R13

SELECT $$)$$); INSERT INTO public.victim VALUES (1); --
