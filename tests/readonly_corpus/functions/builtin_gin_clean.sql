-- refused: a function of the server or of an extension that does more than compute: gin clean
-- from: R11

SELECT gin_clean_pending_list('public.orders_pkey'::regclass)
