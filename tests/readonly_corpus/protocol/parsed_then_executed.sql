-- refused: what Parse made, by EXECUTE
-- from: 1.7 (10)
-- protocol: messages

parse p - INSERT INTO public.victim VALUES (1)
sync
query EXECUTE p
