-- passes: JSON as it is used: row to json

SELECT row_to_json(l) FROM sales.leads l WHERE id = 1
