-- refused: messages: DISCARD ALL between
-- protocol: messages

parse - - DISCARD ALL
bind - - -
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
sync
