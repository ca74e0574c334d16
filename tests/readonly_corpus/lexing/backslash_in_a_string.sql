-- refused: a backslash is a backslash
-- from: R13

SELECT '\'; INSERT INTO public.victim VALUES (1); --'
