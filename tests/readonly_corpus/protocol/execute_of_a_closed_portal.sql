-- refused: the portal of a refused statement
-- from: P9
-- protocol: messages

parse w - INSERT INTO public.victim VALUES (1)
bind c w -
sync
execute c 0
sync
