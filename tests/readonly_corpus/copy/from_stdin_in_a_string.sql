-- refused: in the middle of a string
-- from: R6, R7

SELECT 1; COPY public.victim FROM STDIN; SELECT 2
