-- refused: COPY: the output of a program
-- from: R6, R7

COPY public.victim FROM PROGRAM 'echo 1; touch @FILES@/stolen'
