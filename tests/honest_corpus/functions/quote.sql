-- passes: functions that only read, of the database and of the server: quote

SELECT quote_nullable(NULL), pg_typeof(1), pg_column_size('abc'::text)
