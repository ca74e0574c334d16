-- passes: dates and times: series

SELECT generate_series('2026-01-01'::date, '2026-01-05', '1 day')::date
