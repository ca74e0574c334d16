-- refused: a statement that writes, defines, instructs or tells others: call that commits
-- from: R1 (14)
-- sequence

CALL public.writes_committed()
