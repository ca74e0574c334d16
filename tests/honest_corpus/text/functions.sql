-- passes: strings and search: functions

SELECT upper('a'), lower('B'), initcap('ab cd'), length('äöü'), substring('abc' FROM 2 FOR 1), trim(both 'x' from 'xax'), overlay('abc' PLACING 'x' FROM 2), position('b' IN 'abc')
