-- passes: COPY of reads: values

COPY (VALUES (1, NULL), (2, 'x')) TO STDOUT WITH (NULL '-')
