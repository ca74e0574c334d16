-- passes: COPY of reads: old csv

COPY sales.leads TO STDOUT CSV HEADER
