-- passes: functions that only read, of the database and of the server: xmltable

SELECT * FROM xmltable('/r/i' PASSING '<r><i n="1">a</i></r>' COLUMNS n int PATH '@n', v text PATH '.')
