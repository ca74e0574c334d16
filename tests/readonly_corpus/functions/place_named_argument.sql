-- refused: the call stands at a place of its own: named argument
-- from: R8

SELECT make_interval(secs => public.writes())
