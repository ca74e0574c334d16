-- refused: what can't be read is not sent
-- from: R14

UPDATE public.orders SET note = 'stolen' LIMIT 1
