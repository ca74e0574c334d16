-- refused: a comment says what it is not
-- from: R13

/* SELECT */ -- SELECT
INSERT INTO public.victim VALUES (1)
