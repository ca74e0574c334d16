-- refused: without a newline it is an error
-- from: R13

SELECT 'a' 'b'; INSERT INTO public.victim VALUES (1)
