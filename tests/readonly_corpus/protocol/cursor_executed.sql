-- refused: messages: a cursor, by Execute
-- from: 1.7 (10)
-- protocol: messages

query BEGIN
query DECLARE c CURSOR FOR SELECT public.writes()
execute c 0
sync
query COMMIT
