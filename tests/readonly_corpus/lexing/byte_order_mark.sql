-- refused: a byte order mark in front
-- from: R13
-- percent

%EF%BB%BFINSERT INTO public.victim VALUES (1)
