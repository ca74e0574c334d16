-- passes: COPY of reads: csv

COPY (SELECT id, note FROM orders ORDER BY id LIMIT 5) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';')
