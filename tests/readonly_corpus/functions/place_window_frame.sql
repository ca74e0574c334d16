-- refused: the call stands at a place of its own: window frame
-- from: R8

SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN public.writes() PRECEDING AND CURRENT ROW) FROM public.accounts
