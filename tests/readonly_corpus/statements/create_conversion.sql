-- refused: a statement that writes, defines, instructs or tells others: create conversion

CREATE DEFAULT CONVERSION public.stolen FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
