-- refused: changed and used in one string
-- from: R14d

SET LOCAL search_path = shadow; SELECT count_orders()
