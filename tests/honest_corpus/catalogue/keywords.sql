-- passes: what tools ask of the catalogue: keywords

SELECT count(*) > 400 FROM pg_get_keywords()
