-- refused: beyond the scope: by COPY
-- scopes: select:public.orders
-- from: R15

COPY public.accounts TO STDOUT
