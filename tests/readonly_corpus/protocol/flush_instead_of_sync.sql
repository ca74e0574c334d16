-- refused: a Flush answers and leaves the transaction open
-- protocol: messages

parse w - INSERT INTO public.victim VALUES (1)
flush
bind - w -
execute - 0
flush
sync
