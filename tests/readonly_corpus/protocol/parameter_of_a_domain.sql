-- refused: a parameter whose type number is a domain's: its CHECK runs at Bind; the number is unknown here
-- from: R14b
-- protocol: messages

parse s 99999999 SELECT $1
bind - s x
execute - 0
sync
