-- ends: messages: a length below -1
-- from: P4
-- protocol: messages

parse - - SELECT $1::int
raw B %00%00%00%00%00%01%FF%FF%FF%FE%00%00
sync
