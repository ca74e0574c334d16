-- passes: the outer comment is still open: it is all comment
-- from: R13

SELECT 1 /* /* */; INSERT INTO public.victim VALUES (1) */
