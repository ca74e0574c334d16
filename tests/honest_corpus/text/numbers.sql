-- passes: strings and search: numbers

SELECT to_char(1234.5, 'FM9,999.00'), to_number('1,2', '9G9'), round(2.5), trunc(2.567, 2), mod(7, 3), power(2, 10), width_bucket(5, 0, 10, 5)
