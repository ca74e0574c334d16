-- refused: another function than the granted
-- scopes: execute:public.count_orders
-- from: R15

SELECT public.writes()
