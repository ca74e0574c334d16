-- passes: dates and times: age

SELECT age(timestamp '2026-05-01', timestamp '2026-01-01'), justify_days('40 days')
