-- refused: a write before reads: what is refused has no effect, whatever follows
-- from: P8
-- protocol: messages

parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
parse - - SELECT 1
bind - - -
execute - 0
sync
