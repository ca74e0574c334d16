-- refused: a setting: for the database

ALTER DATABASE @DATABASE@ SET default_transaction_read_only = off
