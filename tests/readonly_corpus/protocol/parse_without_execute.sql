-- refused: a Parse alone plans nothing, and is refused all the same
-- from: 1.7 (7)
-- protocol: messages

parse w - SELECT public.writes_immutable()
sync
