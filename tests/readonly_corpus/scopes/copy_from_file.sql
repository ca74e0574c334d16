-- refused: COPY from a file of the server
-- scopes: insert:public.granted
-- from: R15

COPY public.granted FROM '/etc/hostname'
