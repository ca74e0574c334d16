-- refused: RESTART IDENTITY resets a sequence; the table has rows that count
-- scopes: truncate:public.orders
-- from: R15

TRUNCATE public.orders, public.accounts RESTART IDENTITY
