-- refused: COPY: in front of a write
-- from: R6, R7

COPY public.victim TO STDOUT; INSERT INTO public.victim VALUES (1)
