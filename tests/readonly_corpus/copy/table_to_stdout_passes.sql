-- passes: COPY: reading by COPY

COPY public.orders (id, note) TO STDOUT (FORMAT csv, HEADER)
