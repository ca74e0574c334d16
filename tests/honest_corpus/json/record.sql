-- passes: JSON as it is used: record

SELECT * FROM jsonb_to_record('{"a": 1, "b": "x"}') AS t (a int, b text)
