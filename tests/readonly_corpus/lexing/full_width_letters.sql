-- refused: full-width letters are other letters
-- from: R13
-- percent

%EF%BC%A9%EF%BC%AE%EF%BC%B3%EF%BC%A5%EF%BC%B2%EF%BC%B4 INTO public.victim VALUES (1)
