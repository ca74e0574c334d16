-- passes: JSON as it is used: path operators

SELECT extra @? '$.n', extra @@ '$.n > 3' FROM orders WHERE id = 5
