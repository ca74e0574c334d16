-- refused: a string with COMMIT keeps what was before the error

INSERT INTO public.victim VALUES (1); COMMIT; SELECT 1/0
