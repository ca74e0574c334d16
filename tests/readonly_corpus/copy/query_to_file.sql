-- refused: COPY: a query into a file
-- from: R6, R7

COPY (SELECT 1) TO '@FILES@/stolen' WITH (FORMAT csv)
