-- refused: the body runs the text that it is given
-- from: R10

SELECT public.writes_dynamic('INSERT INTO public.victim VALUES (1)')
