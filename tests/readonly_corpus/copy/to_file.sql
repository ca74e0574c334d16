-- refused: COPY: a file of the server
-- from: R6, R7

COPY public.orders TO '@FILES@/stolen'
