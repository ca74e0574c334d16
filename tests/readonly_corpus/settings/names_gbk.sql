-- refused: SET NAMES is client_encoding
-- from: R13

SET NAMES 'GBK'
