-- refused: TO DEFAULT of the transaction's mode

BEGIN; SET transaction_read_only TO DEFAULT; INSERT INTO public.victim VALUES (1); COMMIT
