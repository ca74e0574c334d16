-- passes: what engineers ask of tables: natural join

SELECT count(*) FROM sales.orders NATURAL JOIN (SELECT id FROM public.orders) o
