-- passes: what tools ask of the catalogue: extensions

SELECT extname FROM pg_extension ORDER BY 1
