-- passes: COPY of reads: view

COPY (TABLE open_orders) TO STDOUT
