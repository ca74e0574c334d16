-- passes: what tools ask of the catalogue: sequences

SELECT sequencename, last_value FROM pg_sequences ORDER BY 1
