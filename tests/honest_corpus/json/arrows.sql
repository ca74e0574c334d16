-- passes: JSON as it is used: arrows

SELECT extra->'n', extra->>'n', extra#>>'{n}' FROM orders WHERE id = 3
