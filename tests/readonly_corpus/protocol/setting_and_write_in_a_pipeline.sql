-- refused: the implicit transaction of a pipeline is turned around
-- from: 1.7 (4)
-- protocol: messages

parse - - SET TRANSACTION READ WRITE
bind - - -
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
sync
