-- passes: dates and times: bin

SELECT date_bin('15 minutes', created_at, '2026-01-01') FROM orders WHERE id = 1
