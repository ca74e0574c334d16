-- refused: a quoted keyword is a name
-- from: R13

"INSERT" INTO public.victim VALUES (1)
