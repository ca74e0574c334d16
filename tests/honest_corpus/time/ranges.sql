-- passes: dates and times: ranges

SELECT daterange('2026-01-01', '2026-02-01') @> date '2026-01-15', int4range(1, 5) * int4range(3, 9), range_agg(int4range(id, id + 2)) FROM accounts WHERE id < 3
