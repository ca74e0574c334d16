-- refused: a parameter whose type number is a domain's: its CHECK runs at Bind, with nothing in the text
-- from: R14b
-- protocol: messages

parse s @CHECKED@ SELECT $1
bind - s x
execute - 0
sync
