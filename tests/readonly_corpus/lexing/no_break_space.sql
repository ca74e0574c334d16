-- refused: a no-break space is a letter
-- from: R13
-- percent

INSERT%C2%A0INTO public.victim VALUES (1)
