-- refused: a setting: for everybody

ALTER ROLE ALL IN DATABASE @DATABASE@ SET default_transaction_read_only = off
