-- refused: a setting takes any beginning of false and off
-- from: R3

SET default_transaction_read_only TO 'fal'
-- next message
INSERT INTO public.victim VALUES (1)
