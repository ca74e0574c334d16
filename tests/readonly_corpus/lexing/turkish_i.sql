-- refused: lexing: folding is ASCII only
-- from: R13
-- percent

%C4%B0NSERT INTO public.victim VALUES (1)
