-- passes: JSON as it is used: set

SELECT jsonb_set('{"a": 1}', '{b}', '2', true), jsonb_strip_nulls('{"a": null}'), jsonb_pretty('{"a": [1]}')
