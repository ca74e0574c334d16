-- refused: a statement that writes, defines, instructs or tells others: delete

DELETE FROM sales.leads
