-- refused: what can't be read is not sent
-- from: R14

INSERT INTO public.victim VALUES (1); SELEC
