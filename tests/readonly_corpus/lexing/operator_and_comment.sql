-- refused: an operator, then a comment
-- from: R13

SELECT 1 */**/ 2; INSERT INTO public.victim VALUES (1)
