-- passes: what engineers ask of tables: using join

SELECT * FROM sales.orders JOIN public.orders USING (id) ORDER BY id LIMIT 3
