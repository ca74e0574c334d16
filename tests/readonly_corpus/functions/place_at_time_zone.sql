-- refused: the call stands at a place of its own: at time zone
-- from: R8

SELECT now() AT TIME ZONE (public.writes() || ' hours')::interval
