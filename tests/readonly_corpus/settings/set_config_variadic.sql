-- refused: a name with its schema and quotes

SELECT "pg_catalog"."set_config"('default_transaction_read_only'::text, ('of' || 'f'), 1 > 2)
-- next message
INSERT INTO public.victim VALUES (1)
