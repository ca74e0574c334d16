-- refused: a write behind reads, in one segment
-- from: P8
-- protocol: messages

parse - - SELECT 1
bind - - -
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
sync
