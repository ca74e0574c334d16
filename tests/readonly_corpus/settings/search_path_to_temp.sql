-- refused: a setting: pg_temp first
-- from: R14c

SET search_path = pg_temp, shadow
-- next message
SELECT count_orders()
