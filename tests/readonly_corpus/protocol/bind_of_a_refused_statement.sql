-- refused: the statement was refused, so there is none
-- from: P9
-- protocol: messages

parse w - INSERT INTO public.victim VALUES (1)
sync
bind - w -
execute - 0
sync
