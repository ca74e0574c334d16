-- refused: a name is closed and parsed again
-- from: P9
-- protocol: messages

parse s - SELECT 1
close S s
parse s - INSERT INTO public.victim VALUES (1)
bind - s -
execute - 0
sync
