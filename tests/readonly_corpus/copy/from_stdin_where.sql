-- refused: COPY: a condition that writes
-- from: R6, R7

COPY public.victim FROM STDIN WHERE id > public.writes()
