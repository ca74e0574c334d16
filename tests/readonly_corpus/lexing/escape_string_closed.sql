-- refused: an escaped backslash, and the string ends
-- from: R13

SELECT E'\\'; INSERT INTO public.victim VALUES (1); --'
