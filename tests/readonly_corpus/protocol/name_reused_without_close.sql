-- refused: a name is parsed twice: the second fails at the server
-- from: P9
-- protocol: messages

parse s - SELECT 1
sync
parse s - INSERT INTO public.victim VALUES (1)
bind - s -
execute - 0
sync
