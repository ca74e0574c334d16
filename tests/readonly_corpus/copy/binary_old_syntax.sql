-- refused: COPY: and of before
-- from: R6, R7

COPY BINARY public.victim FROM '/etc/hostname'
