-- refused: a string goes on over a newline, and so does its kind: all of it is a string, but the two readers disagree
-- from: R13

SELECT E'a'
'\'; INSERT INTO public.victim VALUES (1); --'
