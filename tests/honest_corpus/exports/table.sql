-- passes: COPY of reads: table

COPY public.accounts TO STDOUT
