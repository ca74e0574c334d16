-- passes: what engineers ask of tables: only

SELECT count(*) FROM ONLY public.measurements
