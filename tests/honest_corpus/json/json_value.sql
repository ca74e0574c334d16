-- passes: JSON as it is used: json value
-- since: 17

SELECT JSON_VALUE('{"a": 5}', '$.a' RETURNING int), JSON_QUERY('{"a": [1]}', '$.a'), JSON_EXISTS('{}', '$.b')
