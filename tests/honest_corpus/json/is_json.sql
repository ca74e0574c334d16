-- passes: JSON as it is used: is json
-- since: 16

SELECT '{}' IS JSON OBJECT, 'x' IS NOT JSON
