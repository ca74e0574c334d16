-- passes: JSON as it is used: subscript

SELECT (extra)['n'] FROM orders WHERE id = 4
