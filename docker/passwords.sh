#!/bin/sh
# Gives pgward's roles the passwords that docker-compose.yml tells both sides.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v reader="$PGWARD_READER_PASSWORD" -v writer="$PGWARD_WRITER_PASSWORD" \
    -v control="$PGWARD_CONTROL_PASSWORD" <<'SQL'
ALTER ROLE pgward_reader PASSWORD :'reader';
ALTER ROLE pgward_writer PASSWORD :'writer';
ALTER ROLE pgward_control PASSWORD :'control';
SQL
