-- refused: CASCADE reaches other tables
-- scopes: truncate:public.accounts
-- from: R15

TRUNCATE public.accounts CASCADE
