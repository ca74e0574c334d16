-- refused: what is skipped after an error is not run later
-- from: P8
-- protocol: messages

parse - - SELECT 1/0
bind - - -
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
sync
bind - w -
execute - 0
sync
