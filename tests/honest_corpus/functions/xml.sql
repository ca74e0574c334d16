-- passes: functions that only read, of the database and of the server: xml

SELECT xmlelement(name a, xmlattributes(1 AS b), 'c'), xpath('/a/text()', '<a>x</a>')
