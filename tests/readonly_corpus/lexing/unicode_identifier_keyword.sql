-- refused: an escaped keyword is a name
-- from: R13

U&"\0049NSERT" INTO public.victim VALUES (1)
