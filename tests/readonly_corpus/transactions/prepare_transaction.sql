-- refused: a prepared transaction outlives the session with its locks
-- from: R6

BEGIN
-- next message
PREPARE TRANSACTION 'stolen'
