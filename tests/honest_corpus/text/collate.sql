-- passes: strings and search: collate

SELECT 'a' < 'B' COLLATE "C"
