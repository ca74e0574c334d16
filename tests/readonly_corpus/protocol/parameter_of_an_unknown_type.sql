-- refused: a number that is no type's
-- from: R14b
-- protocol: messages

parse s 99999999 SELECT $1
bind - s x
execute - 0
sync
