-- passes: JSON as it is used: json table
-- since: 17

SELECT t.* FROM JSON_TABLE('[{"a": 1}, {"a": 2}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a')) t
