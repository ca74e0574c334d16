-- passes: what engineers ask of tables: window

SELECT id, amount, rank() OVER w, lag(amount) OVER w, sum(amount) OVER (PARTITION BY status ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM orders WINDOW w AS (PARTITION BY status ORDER BY amount DESC) ORDER BY id LIMIT 10
