-- passes: an escaped quote is a character
-- from: R13

SELECT U&'\0027; INSERT INTO public.victim VALUES (1); --'
