-- refused: a setting: its name is a parameter
-- protocol: messages
-- from: R4

parse s - SELECT pg_catalog.set_config($1, $2, false)
bind - s default_transaction_read_only,off
execute - 0
parse w - INSERT INTO public.victim VALUES (1)
bind - w -
execute - 0
sync
