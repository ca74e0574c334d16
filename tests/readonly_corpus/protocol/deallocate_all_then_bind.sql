-- refused: messages: names are gone
-- from: P9
-- protocol: messages

parse s - SELECT 1
sync
query DEALLOCATE ALL
bind - s -
execute - 0
sync
