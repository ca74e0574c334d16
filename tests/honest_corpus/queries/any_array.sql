-- passes: what engineers ask of tables: any array

SELECT count(*) FROM orders WHERE id = ANY ('{1,2,3}'::int[]) AND status = ANY (ARRAY['new', 'paid']::order_status[])
