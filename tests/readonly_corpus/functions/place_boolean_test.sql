-- refused: the call stands at a place of its own: boolean test
-- from: R8

SELECT (public.writes() = 1) IS NOT UNKNOWN
