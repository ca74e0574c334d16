-- refused: encodings are compared without blanks and dashes
-- from: R13

SET client_encoding TO 'gb-18 030'
