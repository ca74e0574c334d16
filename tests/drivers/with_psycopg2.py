"""psycopg2: simple queries only, and set_session(readonly=True)."""

import psycopg2
import psycopg2.errors

connection = psycopg2.connect("")
connection.set_session(readonly=True)
cursor = connection.cursor()
cursor.execute("SELECT id, note FROM public.orders WHERE id = %s", (7,))
assert cursor.fetchone() == (7, "order 7")
connection.commit()
connection.set_session(readonly=None)
try:
    cursor.execute("DELETE FROM public.orders WHERE id = %s", (7,))
    raise SystemExit("the write came through")
except psycopg2.errors.ReadOnlySqlTransaction as error:
    assert error.pgcode == "25006" and "pgward: DELETE on public.orders refused" in str(error), error
connection.rollback()
connection.autocommit = True
cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
assert cursor.fetchone()[0] > 5
connection.close()
print("ok")
