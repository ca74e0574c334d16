-- refused: a harmless name in another schema
-- from: R9

SELECT * FROM shadow.accounts
