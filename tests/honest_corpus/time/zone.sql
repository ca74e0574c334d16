-- passes: dates and times: zone

SELECT created_at AT TIME ZONE 'Europe/Berlin', timezone('UTC', created_at) FROM orders WHERE id = 1
