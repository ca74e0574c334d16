-- passes: settings and blocks of drivers, poolers and people: extra digits

SET extra_float_digits = 3
-- next message
SELECT 0.1::float8 + 0.2
-- next message
RESET extra_float_digits
