-- refused: COPY: a view that writes
-- from: R6, R7

COPY (TABLE public.writes_view) TO STDOUT
