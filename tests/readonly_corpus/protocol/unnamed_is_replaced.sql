-- refused: the unnamed statement is parsed twice
-- from: P9
-- protocol: messages

parse - - SELECT 1
parse - - INSERT INTO public.victim VALUES (1)
bind - - -
execute - 0
sync
