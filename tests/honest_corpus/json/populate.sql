-- passes: JSON as it is used: populate

SELECT * FROM jsonb_populate_record(NULL::address, '{"street": "x"}')
