-- refused: the meaning of a backslash changes
-- from: R3, R13

SET standard_conforming_strings = off
-- next message
SELECT '\'; INSERT INTO public.victim VALUES (1); --'
