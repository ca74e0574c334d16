-- passes: functions that only read, of the database and of the server: network

SELECT inet '10.0.0.1' << inet '10.0.0.0/8', host('10.0.0.1/24')
