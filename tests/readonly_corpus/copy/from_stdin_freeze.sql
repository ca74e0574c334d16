-- refused: COPY: frozen rows
-- from: R6, R7

COPY public.victim (id) FROM STDIN (FREEZE, FORMAT binary)
