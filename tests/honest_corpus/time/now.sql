-- passes: dates and times: now

SELECT now() = transaction_timestamp(), current_date = now()::date, localtimestamp IS NOT NULL
