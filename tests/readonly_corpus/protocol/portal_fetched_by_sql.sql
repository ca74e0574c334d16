-- refused: messages: a portal, by FETCH
-- from: 1.7 (10)
-- protocol: messages

query BEGIN
parse s - SELECT public.writes_rows()
bind c s -
sync
query FETCH ALL FROM c
query COMMIT
