-- refused: dollar quotes end by their tag
-- from: R13

SELECT $a$ $b$ $a$; INSERT INTO public.victim VALUES (1)
