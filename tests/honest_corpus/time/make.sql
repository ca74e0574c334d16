-- passes: dates and times: make

SELECT make_date(2026, 1, 2), make_interval(days => 3), to_timestamp(0), to_date('02.01.2026', 'DD.MM.YYYY')
