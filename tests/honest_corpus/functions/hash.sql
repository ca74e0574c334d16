-- passes: functions that only read, of the database and of the server: hash

SELECT hashtext('a') IS NOT NULL, md5('a'), hashint4(1)
