"""pg8000 through the proxy: a driver in Python alone, that uses the extended protocol with unnamed statements."""

import datetime
import io

import pg8000.dbapi
import pg8000.native

from harness import ON_REPLICA, IN_RECOVERY, expect, expect_error, replicas_caught_up, run, settings


def create():
    connection = pg8000.native.Connection(**settings())
    connection.run("CREATE TABLE book (id int PRIMARY KEY, title text, printed date)")
    for i in range(20):
        connection.run(
            "INSERT INTO book VALUES (:id, :title, :printed)",
            id=i,
            title=f"book {i}",
            printed=datetime.date(1900 + i, 1, 1),
        )
    expect(connection.row_count, 1, "rows inserted")
    connection.close()
    replicas_caught_up()


def native():
    connection = pg8000.native.Connection(**settings())
    for i in range(20):
        rows = connection.run(f"SELECT title, printed, {ON_REPLICA} AS on_replica FROM book WHERE id = :id", id=i)
        expect(rows, [[f"book {i}", datetime.date(1900 + i, 1, 1), True]], "a read")
    expect([column["name"] for column in connection.columns], ["title", "printed", "on_replica"], "columns")
    expect(connection.run(IN_RECOVERY), [[True]], "a simple read")
    with expect_error(pg8000.exceptions.DatabaseError, "a duplicate") as failed:
        connection.run("INSERT INTO book VALUES (1, 'x', NULL)")
    expect(failed.error.args[0]["C"], "23505", "its SQLSTATE")
    with expect_error(pg8000.exceptions.DatabaseError, "division"):
        connection.run("SELECT 1 / :zero", zero=0)
    expect(connection.run("SELECT 1 + :one", one=1), [[2]], "after an error")
    prepared = connection.prepare(f"SELECT id, {ON_REPLICA} FROM book WHERE title = :title")
    for i in range(10):
        expect(prepared.run(title=f"book {i}"), [[i, True]], "a prepared read")
    connection.run("START TRANSACTION")
    expect(prepared.run(title="book 1"), [[1, False]], "in a transaction")
    connection.run("UPDATE book SET title = 'new' WHERE id = 1")
    expect(connection.run("SELECT title FROM book WHERE id = 1"), [["new"]], "own write")
    connection.run("ROLLBACK")
    expect(prepared.run(title="book 1"), [[1, True]], "after rollback")
    prepared.close()
    connection.close()


def dbapi():
    connection = pg8000.dbapi.connect(**settings())
    cursor = connection.cursor()
    cursor.execute(IN_RECOVERY)
    expect(cursor.fetchall(), ([False],), "a read in a transaction")
    cursor.execute("UPDATE book SET title = %s WHERE id = %s", ("changed", 2))
    expect(cursor.rowcount, 1, "rows updated")
    cursor.execute("SELECT title FROM book WHERE id = %s", (2,))
    expect(cursor.fetchone(), ["changed"], "own write")
    connection.rollback()
    cursor.execute("SELECT title FROM book WHERE id = %s", (2,))
    expect(cursor.fetchone(), ["book 2"], "after rollback")
    connection.rollback()
    with expect_error(pg8000.dbapi.DatabaseError, "no such table"):
        cursor.execute("SELECT * FROM missing")
    with expect_error(pg8000.dbapi.DatabaseError, "in a failed transaction") as failed:
        cursor.execute("SELECT 1")
    expect(failed.error.args[0]["C"], "25P02", "its SQLSTATE")
    connection.rollback()
    cursor.executemany("INSERT INTO book VALUES (%s, %s, NULL)", [(i, "many") for i in range(100, 150)])
    cursor.execute("SELECT count(*) FROM book WHERE title = 'many'")
    expect(cursor.fetchone(), [50], "rows of executemany")
    connection.rollback()
    connection.autocommit = True
    cursor.execute("SELECT (current_setting('cluster_name') <> 'primary'), array[1, 2], 'x'::text, 1.5::numeric")
    row = cursor.fetchone()
    expect((row[0], row[1], row[2], str(row[3])), (True, [1, 2], "x", "1.5"), "in autocommit")
    connection.close()


def copy():
    connection = pg8000.native.Connection(**settings())
    lines = b"".join(b"%d\tcopied\t\\N\n" % i for i in range(1000, 2000))
    connection.run("BEGIN")
    connection.run("COPY book FROM STDIN", stream=io.BytesIO(lines))
    out = io.BytesIO()
    connection.run("COPY (SELECT * FROM book WHERE id >= 1000 ORDER BY id) TO STDOUT", stream=out)
    expect(out.getvalue() == lines, True, "the same lines copied out")
    connection.run("ROLLBACK")
    out = io.BytesIO()
    connection.run("COPY (SELECT (current_setting('cluster_name') <> 'primary')) TO STDOUT", stream=out)
    expect(out.getvalue(), b"t\n", "where COPY TO runs")
    with expect_error(pg8000.exceptions.DatabaseError, "a wrong line"):
        connection.run("COPY book FROM STDIN", stream=io.BytesIO(b"x\n"))
    expect(connection.run("SELECT count(*) FROM book"), [[20]], "rows at the end")
    connection.close()


run(create, native, dbapi, copy)
