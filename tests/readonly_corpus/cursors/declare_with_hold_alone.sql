-- refused: cursors: outside of a block

DECLARE c CURSOR WITH HOLD FOR SELECT public.writes_stable()
