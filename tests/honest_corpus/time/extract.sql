-- passes: dates and times: extract

SELECT extract(dow FROM at), date_part('week', at) FROM measurements ORDER BY at LIMIT 3
