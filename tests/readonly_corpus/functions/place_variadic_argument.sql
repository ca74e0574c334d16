-- refused: the call stands at a place of its own: variadic argument
-- from: R8

SELECT concat(VARIADIC ARRAY[public.writes()::text])
