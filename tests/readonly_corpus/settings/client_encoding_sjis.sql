-- refused: in SJIS a backslash may be the second byte of a character
-- from: R13

SET client_encoding = 'SJIS'
