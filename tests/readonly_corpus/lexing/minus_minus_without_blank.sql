-- passes: -- is a comment without a blank, too: the string ends with it
-- from: R13

SELECT 1--1; INSERT INTO public.victim VALUES (1)
