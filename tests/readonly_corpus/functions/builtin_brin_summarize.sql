-- refused: a function of the server or of an extension that does more than compute: brin summarize
-- from: R11

SELECT brin_summarize_new_values('public.orders_pkey'::regclass)
