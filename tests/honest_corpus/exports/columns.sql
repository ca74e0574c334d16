-- passes: COPY of reads: columns

COPY sales.leads (id, name) TO STDOUT
