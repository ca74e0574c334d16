-- refused: a stray END makes one reader stop reading
-- from: R13

SELECT 1 END; INSERT INTO public.victim VALUES (1)
