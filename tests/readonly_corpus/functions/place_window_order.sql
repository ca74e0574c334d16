-- refused: the call stands at a place of its own: window order
-- from: R8

SELECT rank() OVER w FROM public.accounts WINDOW w AS (ORDER BY public.writes_one(id))
