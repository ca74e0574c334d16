-- refused: a function of the server or of an extension that does more than compute: txid current
-- from: R11

SELECT txid_current()
