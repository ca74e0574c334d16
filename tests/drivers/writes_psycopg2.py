"""psycopg2 that writes: with autocommit, in its own blocks, over the cap, and by COPY."""

import io

import psycopg2
import psycopg2.errors

connection = psycopg2.connect("")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("INSERT INTO public.w VALUES (%s, %s, %s) RETURNING id", (60, 1, "é"))
assert cursor.fetchone() == (60,)
cursor.execute("DELETE FROM public.w WHERE id = 60")
assert cursor.rowcount == 1
try:
    cursor.execute("INSERT INTO public.w SELECT n, 1, '' FROM generate_series(1000, 2000) n")
    raise SystemExit("too many rows came through")
except psycopg2.errors.ProgramLimitExceeded as error:
    assert "wrote 1001 rows" in str(error), error
try:
    cursor.execute("UPDATE public.w SET nope = 1 WHERE id = 1")
    raise SystemExit("there is no such column")
except psycopg2.errors.UndefinedColumn as error:
    assert error.diag.statement_position == "21", error.diag.statement_position
cursor.copy_expert("COPY public.w FROM STDIN", io.StringIO("61\t1\tx\n"))
assert cursor.rowcount == 1

connection.autocommit = False
cursor.execute("INSERT INTO public.w VALUES (62, 1, '')")
connection.commit()
cursor.execute("INSERT INTO public.w VALUES (63, 1, '')")
try:
    cursor.execute("INSERT INTO public.w SELECT n, 1, '' FROM generate_series(1000, 2000) n")
    raise SystemExit("too many rows came through")
except psycopg2.errors.ProgramLimitExceeded:
    pass
connection.commit()
connection.close()
print("ok")
