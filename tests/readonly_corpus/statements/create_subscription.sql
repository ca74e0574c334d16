-- refused: a statement that writes, defines, instructs or tells others: create subscription

CREATE SUBSCRIPTION stolen CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)
