-- refused: by a function that runs text
-- scopes: select:public.orders
-- from: R15

SELECT query_to_xml('SELECT * FROM public.accounts', true, true, '')
