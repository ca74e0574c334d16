-- refused: a statement that writes, defines, instructs or tells others: select into temp
-- from: R7

SELECT 1 AS a INTO TEMP orders
