-- refused: an operator ends at a comment
-- from: R13

SELECT 1 +/* */- 2; INSERT INTO public.victim VALUES (1)
