-- refused: LATIN1 is an encoding that may be set, and its bytes are read as such
-- percent
-- from: R13

SET client_encoding = 'LATIN1'
-- next message
SELECT '%E4'; INSERT INTO public.victim VALUES (1)
