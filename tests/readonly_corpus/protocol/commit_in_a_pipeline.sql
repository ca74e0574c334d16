-- refused: COMMIT inside of a segment, and a write behind it
-- protocol: messages

parse a - BEGIN READ WRITE
bind - a -
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
parse c - COMMIT
bind - c -
execute - 0
sync
