-- passes: functions that only read, of the database and of the server: bits

SELECT B'101' & B'110', bit_count(B'101')
