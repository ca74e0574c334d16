-- passes: COPY of reads: binary

COPY (SELECT 1, 'a'::text) TO STDOUT (FORMAT binary)
