-- passes: JSON as it is used: constructors
-- since: 16

SELECT JSON_OBJECT('a': 1, 'b': 2 ABSENT ON NULL), JSON_ARRAY(1, 2), JSON_ARRAYAGG(id ORDER BY id) FROM accounts WHERE id < 3
