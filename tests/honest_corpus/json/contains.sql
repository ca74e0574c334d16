-- passes: JSON as it is used: contains

SELECT count(*) FROM orders WHERE extra @> '{"n": 5}'
