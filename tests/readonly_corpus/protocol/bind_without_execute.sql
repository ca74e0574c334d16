-- refused: Bind plans, and the planner runs what is IMMUTABLE
-- from: 1.7 (7)
-- protocol: messages

parse w - SELECT 1 WHERE public.writes_immutable() = 1
bind - w -
sync
