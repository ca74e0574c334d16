-- passes: a tag of letters beyond ASCII
-- from: R13

SELECT $ä$ INSERT INTO public.victim VALUES (1) $ä$
