-- refused: comments instead of blanks
-- from: R13

INSERT/**/INTO/**/public.victim/**/VALUES/**/(1)
