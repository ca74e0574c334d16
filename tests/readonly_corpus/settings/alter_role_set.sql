-- refused: the setting for the next login
-- from: R6

ALTER ROLE CURRENT_USER SET default_transaction_read_only = off
