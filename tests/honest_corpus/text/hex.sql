-- passes: strings and search: hex
-- since: 16

SELECT 0xff, 0b11, 1_000
