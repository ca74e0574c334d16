-- refused: COPY: the syntax of 7.2
-- from: R6, R7

COPY public.victim FROM STDIN USING DELIMITERS '|' WITH NULL AS ''
