-- passes: settings and blocks of drivers, poolers and people: encoding

SET client_encoding = 'LATIN1'
-- next message
SELECT chr(228)
-- next message
SET client_encoding = 'UTF8'
