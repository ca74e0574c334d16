-- refused: what PREPARE made, by Bind
-- from: 1.7 (10)
-- protocol: messages

query PREPARE p AS INSERT INTO public.victim VALUES (1)
bind - p -
execute - 0
sync
