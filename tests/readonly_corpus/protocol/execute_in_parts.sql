-- refused: messages: rows one by one
-- protocol: messages

parse s - SELECT public.writes_one(g) FROM generate_series(1, 3) g
bind c s -
execute c 1
execute c 1
sync
