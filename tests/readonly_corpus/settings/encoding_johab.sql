-- refused: JOHAB, JIS X 0213: more of the kind

SET client_encoding TO JOHAB
-- next message
SET client_encoding TO 'SHIFT_JIS_2004'
-- next message
SET client_encoding TO UHC
