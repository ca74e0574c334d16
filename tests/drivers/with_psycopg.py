"""psycopg 3: connect, parameterised reads, transactions, metadata, a refused write."""

import psycopg

with psycopg.connect("") as connection:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, note, tags, extra, created_at FROM public.orders WHERE id = %s", (7,))
        row = cursor.fetchone()
        assert row[0] == 7 and row[1] == "order 7" and row[3] == {"n": 7}, row
        for _ in range(10):  # prepared from the fifth time on
            cursor.execute("SELECT count(*) FROM public.orders WHERE amount > %s", (100,), prepare=True)
            assert cursor.fetchone()[0] == 400
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts'")
        assert len(cursor.fetchall()) == 4
    connection.commit()
    try:
        connection.execute("UPDATE public.orders SET note = %s WHERE id = %s", ("x", 7))
        raise SystemExit("the write came through")
    except psycopg.errors.ReadOnlySqlTransaction as error:
        assert error.sqlstate == "25006" and str(error).startswith("pgward: "), error
        assert error.diag.message_hint, error.diag
    connection.rollback()
    with connection.transaction():
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with connection.cursor(name="server_side") as cursor:
        cursor.execute("SELECT generate_series(1, 5000)")
        assert sum(row[0] for row in cursor) == 12502500
    with connection.cursor() as cursor, cursor.copy("COPY (SELECT id FROM public.orders) TO STDOUT") as copy:
        assert sum(1 for _ in copy.rows()) == 500
    with connection.pipeline():
        cursors = [connection.execute("SELECT %s::int", (n,)) for n in range(50)]
        assert [c.fetchone()[0] for c in cursors] == list(range(50))
print("ok")
