-- passes: temporary files go where the server lets them

SET temp_tablespaces = 'pg_default'
