"""psycopg2 through the proxy: simple queries only, client-side parameters, named cursors, COPY."""

import io

import psycopg2
import psycopg2.errors
import psycopg2.extras
from psycopg2 import extensions
from psycopg2.pool import SimpleConnectionPool

from harness import ON_REPLICA, IN_RECOVERY, expect, expect_error, replicas_caught_up, run


def connect(autocommit=False, **options):
    connection = psycopg2.connect("", **options)
    connection.autocommit = autocommit
    return connection


def one(connection, statement, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


def create():
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE item (id serial PRIMARY KEY, name text, tags text[])")
        psycopg2.extras.execute_values(
            cursor, "INSERT INTO item (name, tags) VALUES %s", [(f"item {i}", ["a", f"t{i}"]) for i in range(50)]
        )
    connection.close()
    replicas_caught_up()


def autocommit_and_transactions():
    connection = connect(autocommit=True)
    expect(one(connection, IN_RECOVERY), (True,), "an autocommit read")
    expect(one(connection, "SELECT name, tags FROM item WHERE id = %s", [3]), ("item 2", ["a", "t2"]), "a row")
    connection.autocommit = False
    expect(one(connection, IN_RECOVERY), (False,), "a read in a transaction")
    expect(connection.status, extensions.STATUS_BEGIN, "status")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE item SET name = 'changed' WHERE id = 3")
        expect(cursor.rowcount, 1, "rows updated")
    expect(one(connection, "SELECT name FROM item WHERE id = 3"), ("changed",), "own write")
    connection.rollback()
    expect(one(connection, "SELECT name FROM item WHERE id = 3"), ("item 2",), "after rollback")
    with expect_error(psycopg2.errors.UndefinedTable, "no such table", "42P01"):
        one(connection, "SELECT 1 FROM missing")
    with expect_error(psycopg2.errors.InFailedSqlTransaction, "in a failed transaction"):
        one(connection, "SELECT 1")
    connection.rollback()
    connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
    row = one(connection, f"SELECT {ON_REPLICA}, current_setting('transaction_isolation')")
    expect(row, (True, "repeatable read"), "a read-only transaction")
    with expect_error(psycopg2.errors.ReadOnlySqlTransaction, "a write in it"):
        one(connection, "DELETE FROM item")
    connection.rollback()
    connection.close()


def a_read_only_session_in_autocommit():
    # psycopg2 sends SET default_transaction_read_only here.
    connection = connect()
    connection.set_session(readonly=True, autocommit=True)
    for _ in range(3):
        expect(one(connection, IN_RECOVERY), (True,), "a read")
        expect(one(connection, "SELECT current_setting('transaction_read_only')"), ("on",), "what the session is")
    with expect_error(psycopg2.errors.ReadOnlySqlTransaction, "a write", "25006"):
        one(connection, "INSERT INTO item (name) VALUES ('x') RETURNING id")
    connection.set_session(readonly=False)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO item (id, name) VALUES (900, 'x')")
        cursor.execute("DELETE FROM item WHERE id = 900")
        expect(cursor.rowcount, 1, "rows deleted")
    connection.close()


def named_cursors():
    connection = connect()
    with connection.cursor("walk") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT id FROM item ORDER BY id")
        expect([row[0] for row in cursor], list(range(1, 51)), "rows of a named cursor")
    with connection.cursor("scroll", scrollable=True) as cursor:
        cursor.execute("SELECT id FROM item ORDER BY id")
        cursor.fetchmany(10)
        cursor.scroll(-5)
        expect(cursor.fetchone(), (6,), "after a scroll")
    connection.commit()
    with connection.cursor("held", withhold=True) as cursor:
        cursor.execute("SELECT id FROM item ORDER BY id")
        connection.commit()
        expect(cursor.fetchmany(2), [(1,), (2,)], "a held cursor")
    connection.commit()
    connection.close()


def copy():
    connection = connect()
    with connection.cursor() as cursor:
        lines = "".join(f"{i}\tcopied {i}\n" for i in range(1000, 3000))
        cursor.copy_expert("COPY item (id, name) FROM STDIN", io.StringIO(lines))
        expect(cursor.rowcount, 2000, "rows copied in")
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT id, name FROM item WHERE id >= 1000 ORDER BY id) TO STDOUT", out)
        expect(out.getvalue() == lines, True, "the same lines copied out")
        with expect_error(psycopg2.DataError, "a wrong line"):
            cursor.copy_expert("COPY item (id, name) FROM STDIN", io.StringIO("x\ty\n"))
    connection.rollback()
    connection.autocommit = True
    with connection.cursor() as cursor:
        out = io.StringIO()
        cursor.copy_expert("COPY (SELECT (current_setting('cluster_name') <> 'primary')) TO STDOUT", out)
        expect(out.getvalue(), "t\n", "where COPY TO runs")
    expect(one(connection, "SELECT count(*) FROM item"), (50,), "rows after rollback")
    connection.close()


def several_statements_and_notices():
    connection = connect(autocommit=True)
    expect(one(connection, "SELECT 1; SELECT 2"), (2,), "the last of two results")
    expect(one(connection, "UPDATE item SET name = name WHERE id = 1; " + IN_RECOVERY), (False,), "beside a write")
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE WARNING 'beware'; END $$")
    expect(connection.notices[-1], "WARNING:  beware\n", "the notice")
    connection.set_client_encoding("LATIN1")
    expect(one(connection, "SELECT %s::text", ["é"]), ("é",), "in LATIN1")
    expect(one(connection, "SHOW client_encoding"), ("LATIN1",), "client_encoding")
    connection.reset()
    connection.close()


def extras():
    connection = connect(autocommit=True, cursor_factory=psycopg2.extras.RealDictCursor, options="-c search_path=pg_catalog")
    expect(dict(one(connection, "SHOW search_path")), {"search_path": "pg_catalog"}, "options")
    connection.close()
    pool = SimpleConnectionPool(1, 3, "")
    for i in range(10):
        connection = pool.getconn()
        expect(one(connection, "SELECT %s", [i]), (i,), "through a pool")
        pool.putconn(connection)
    pool.closeall()
    connection = connect(autocommit=True)
    with connection.cursor() as cursor:
        psycopg2.extras.execute_batch(
            cursor, "UPDATE item SET name = %s WHERE id = %s", [(f"batch {i}", i) for i in range(1, 51)], page_size=20
        )
    # read_your_writes makes the hint needless.
    row = one(connection, "SELECT count(*) FROM item WHERE name LIKE 'batch %%' /* howdah: primary */", [])
    expect(row, (50,), "rows of execute_batch")
    connection.close()


run(
    create,
    autocommit_and_transactions,
    a_read_only_session_in_autocommit,
    named_cursors,
    copy,
    several_statements_and_notices,
    extras,
)
