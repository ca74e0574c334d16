-- passes: settings and blocks of drivers, poolers and people: seed

SELECT setseed(0.5)
-- next message
SELECT random()
