-- refused: messages: Describe of a portal
-- from: 1.7 (7)
-- protocol: messages

parse - - SELECT public.writes_immutable()
bind - - -
describe P -
sync
