-- passes: COPY of reads: with cte

COPY (WITH a AS (SELECT 1 AS x) TABLE a) TO STDOUT
