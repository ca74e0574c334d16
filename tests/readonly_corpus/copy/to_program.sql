-- refused: COPY: a program of the server
-- from: R6, R7

COPY (SELECT 1) TO PROGRAM 'touch @FILES@/stolen'
