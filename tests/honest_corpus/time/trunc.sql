-- passes: dates and times: trunc

SELECT date_trunc('month', at), count(*) FROM measurements GROUP BY 1 ORDER BY 1
