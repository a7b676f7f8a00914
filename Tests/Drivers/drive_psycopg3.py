"""psycopg 3 through the proxy: transactions, prepared statements, pipelines, cursors, COPY, binary, async."""

import asyncio
import datetime
import decimal
import random
import threading
import uuid

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from harness import (
    ON_REPLICA, IN_RECOVERY,
    PATIENCE,
    Difference,
    expect,
    expect_error,
    expect_in,
    nodes,
    replicas_caught_up,
    run,
    wait_until,
)


def connect(**options):
    # Everything else comes from PGHOST and its like.
    return psycopg.connect("", **options)


def create():
    with connect() as connection:
        connection.execute("CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric NOT NULL)")
        connection.cursor().executemany(
            "INSERT INTO account VALUES (%s, %s, %s)", [(i, f"owner {i}", decimal.Decimal(i * 100)) for i in range(100)]
        )
    replicas_caught_up()


def autocommit_reads_run_on_replicas():
    with connect(autocommit=True) as connection:
        for _ in range(20):
            expect(connection.execute(IN_RECOVERY).fetchone(), (True,), "an autocommit read")
        expect(connection.execute("SELECT count(*), sum(balance) FROM account").fetchone(), (100, 495000), "sum")
        row = connection.execute(f"UPDATE account SET balance = balance WHERE id = 1 RETURNING {ON_REPLICA}")
        expect(row.fetchone(), (False,), "a write")
        expect(connection.info.transaction_status, TransactionStatus.IDLE, "status in autocommit")


def a_transaction_reads_what_it_wrote():
    with connect() as connection:
        expect(connection.execute(IN_RECOVERY).fetchone(), (False,), "a read in a transaction")
        expect(connection.info.transaction_status, TransactionStatus.INTRANS, "status in a transaction")
        connection.execute("UPDATE account SET balance = 7 WHERE id = 7")
        expect(connection.execute("SELECT balance FROM account WHERE id = 7").fetchone(), (7,), "own write")
        connection.rollback()
        expect(connection.info.transaction_status, TransactionStatus.IDLE, "status after rollback")
        balance = connection.execute("SELECT balance FROM account WHERE id = 7").fetchone()
        expect(balance, (700,), "after rollback")
        connection.rollback()
        # Empty ones.
        connection.commit()
        connection.rollback()


def a_failed_transaction_stays_failed():
    with connect() as connection:
        with expect_error(psycopg.errors.UniqueViolation, "a duplicate", "23505") as failed:
            connection.execute("INSERT INTO account VALUES (1, 'again', 0)")
        expect(failed.error.diag.constraint_name, "account_pkey", "constraint of the error")
        expect(failed.error.diag.table_name, "account", "table of the error")
        expect(connection.info.transaction_status, TransactionStatus.INERROR, "status after an error")
        with expect_error(psycopg.errors.InFailedSqlTransaction, "a read in a failed transaction"):
            connection.execute("SELECT 1")
        connection.rollback()
        expect(connection.execute("SELECT 1").fetchone(), (1,), "after rollback")


def read_only_transactions_run_on_replicas():
    with connect() as connection:
        connection.read_only = True
        expect(connection.execute(IN_RECOVERY).fetchone(), (True,), "a read in a read-only transaction")
        with expect_error(psycopg.errors.ReadOnlySqlTransaction, "a write in it", "25006"):
            connection.execute("INSERT INTO account VALUES (1000, 'x', 0)")
        connection.rollback()
        connection.read_only = None
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        level = connection.execute("SELECT current_setting('transaction_isolation')").fetchone()
        expect(level, ("repeatable read",), "level")
        connection.rollback()
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.deferrable = True
        rows = connection.execute(
            "SELECT current_setting('transaction_isolation'), current_setting('transaction_deferrable'), "
            "(current_setting('cluster_name') <> 'primary')"
        ).fetchone()
        expect(rows, ("serializable", "on", False), "serializable")
        connection.rollback()


def transaction_blocks_nest():
    with connect(autocommit=True) as connection:
        with connection.transaction():
            connection.execute("UPDATE account SET balance = 1 WHERE id = 2")
            with expect_error(psycopg.errors.DivisionByZero, "the inner block"):
                with connection.transaction():
                    connection.execute("UPDATE account SET balance = 2 WHERE id = 2")
                    connection.execute("SELECT 1/0")
            with connection.transaction():
                connection.execute("UPDATE account SET owner = 'inner' WHERE id = 2")
            with connection.transaction() as inner:
                connection.execute("UPDATE account SET owner = 'undone' WHERE id = 2")
                raise psycopg.Rollback(inner)
            row = connection.execute("SELECT owner, balance FROM account WHERE id = 2").fetchone()
            expect(row, ("inner", 1), "in the outer block")
        # read_your_writes makes the hint needless.
        row = connection.execute("SELECT owner, balance FROM account WHERE id = 2 /* howdah: primary */").fetchone()
        expect(row, ("inner", 1), "after the outer block")
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM account")
        count = connection.execute("/* howdah: primary */ SELECT count(*) FROM account").fetchone()
        expect(count, (100,), "after force_rollback")


def prepared_statements():
    statement = "SELECT owner, (current_setting('cluster_name') <> 'primary') FROM account WHERE id = %s"
    with connect(autocommit=True, prepare_threshold=0) as first, connect(autocommit=True, prepare_threshold=3) as second:
        for i in range(10, 40):
            expect(first.execute(statement, [i]).fetchone(), (f"owner {i}", True), "prepared at once")
            expect(second.execute(statement, [i]).fetchone(), (f"owner {i}", True), "prepared the third time")
        # The same name means another statement to each client.
        expect(second.execute("SELECT %s::int + 1", [1], prepare=True).fetchone(), (2,), "other statement")
        expect(first.execute("SELECT %s::text || 'x'", ["y"], prepare=True).fetchone(), ("yx",), "other statement")
        # In and out of transactions, on either kind of node.
        for _ in range(3):
            with first.transaction():
                expect(first.execute(statement, [11]).fetchone(), ("owner 11", False), "prepared, in a transaction")
            expect(first.execute(statement, [11]).fetchone(), ("owner 11", True), "prepared, outside")
        # More statements than psycopg keeps, so that it closes some.
        first.prepared_max = 5
        for round_ in range(2):
            for i in range(20):
                expect(first.execute(f"SELECT %s::int * {i}", [3]).fetchone(), (3 * i,), f"statement {i}")


def a_prepared_statement_fails_and_goes_on():
    with connect(autocommit=True, prepare_threshold=0) as connection:
        for value in (2, 0, 5):
            if value == 0:
                with expect_error(psycopg.errors.DivisionByZero, "division"):
                    connection.execute("SELECT 10 / %s::int", [value])
            else:
                expect(connection.execute("SELECT 10 / %s::int", [value]).fetchone(), (10 // value,), "division")
        with expect_error(psycopg.errors.SyntaxError, "a text that cannot be parsed"):
            connection.execute("SELEC %s", [1])
        with expect_error(psycopg.errors.UndefinedTable, "no such table"):
            connection.execute("SELECT * FROM missing WHERE id = %s", [1])
        expect(connection.execute("SELECT %s::int", [4]).fetchone(), (4,), "after errors")


def prepared_statements_outlive_changes_of_tables():
    with connect(autocommit=True, prepare_threshold=0) as connection, connect(autocommit=True) as other:
        connection.execute("CREATE TABLE shape (id int)")
        connection.execute("INSERT INTO shape VALUES (1)")
        for _ in range(4):
            expect(connection.execute("SELECT * FROM shape WHERE id = %s", [1]).fetchone(), (1,), "before ALTER")
        other.execute("ALTER TABLE shape ADD COLUMN name text DEFAULT 'n'")
        replicas_caught_up()
        for _ in range(4):
            expect(connection.execute("SELECT * FROM shape WHERE id = %s", [1]).fetchone(), (1, "n"), "after ALTER")
        connection.execute("DROP TABLE shape")


def deallocate_and_discard():
    with connect(autocommit=True, prepare_threshold=0) as connection:
        expect(connection.execute("SELECT %s::int", [1]).fetchone(), (1,), "prepared")
        # psycopg sees these commands and forgets its statements.
        connection.execute("DEALLOCATE ALL")
        expect(connection.execute("SELECT %s::int", [2]).fetchone(), (2,), "after DEALLOCATE ALL")
        connection.execute("DISCARD ALL")
        expect(connection.execute("SELECT %s::int", [3]).fetchone(), (3,), "after DISCARD ALL")


def pipelines():
    with connect(autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            cursors = [connection.execute(f"SELECT %s::int, {ON_REPLICA}", [i]) for i in range(50)]
            pipeline.sync()
            for i, cursor in enumerate(cursors):
                row = cursor.fetchone()
                expect(row[0], i, "a read in a pipeline")
        with connection.pipeline():
            write = connection.execute(f"UPDATE account SET balance = 42 WHERE id = 42 RETURNING {ON_REPLICA}")
            read = connection.execute(f"SELECT balance, {ON_REPLICA} FROM account WHERE id = 42")
            expect(write.fetchone(), (False,), "a write in a pipeline")
            expect(read.fetchone(), (42, False), "a read behind a write in a pipeline")
        with connection.pipeline() as pipeline:
            good = connection.execute("SELECT 1")
            pipeline.sync()
            bad = connection.execute("SELECT 1/0")
            skipped = connection.execute("SELECT 2")
            with expect_error(psycopg.errors.DivisionByZero, "an error in a pipeline"):
                pipeline.sync()
            last = connection.execute("SELECT 3")
            pipeline.sync()
            expect(good.fetchone(), (1,), "before the error")
            with expect_error(psycopg.ProgrammingError, "a result of what failed"):
                bad.fetchone()
            with expect_error(psycopg.ProgrammingError, "a result of what was skipped"):
                skipped.fetchone()
            expect(last.fetchone(), (3,), "after the error")


def prepared_statements_in_pipelines():
    statement = "SELECT owner, (current_setting('cluster_name') <> 'primary') FROM account WHERE id = %s"
    with connect(autocommit=True, prepare_threshold=0) as first, connect(autocommit=True, prepare_threshold=2) as second:
        for _ in range(3):
            for connection in (first, second):
                with connection.pipeline() as pipeline:
                    cursors = []
                    for i in range(10, 40):
                        cursors.append(connection.execute(statement, [i]))
                        if i % 7 == 0:
                            pipeline.sync()
                    pipeline.sync()
                    for i, cursor in zip(range(10, 40), cursors):
                        expect(cursor.fetchone(), (f"owner {i}", True), "a prepared read in a pipeline")
        # One that fails in the middle: what stands in front of it and behind the next Sync has run.
        with first.pipeline() as pipeline:
            good = first.execute("SELECT 10 / %s::int", [2])
            pipeline.sync()
            first.execute("SELECT 10 / %s::int", [0])
            first.execute(statement, [11])
            with expect_error(psycopg.errors.DivisionByZero, "a prepared statement that fails in a pipeline"):
                pipeline.sync()
            last = first.execute(statement, [12])
            pipeline.sync()
            expect(good.fetchone(), (5,), "before the error")
            expect(last.fetchone()[0], "owner 12", "behind the error")
        # A write behind reads of the same pipeline, prepared on another node until now.
        with first.pipeline():
            before = first.execute(statement, [13])
            first.execute("UPDATE account SET owner = owner WHERE id = %s", [13])
            after = first.execute(statement, [13])
            expect((before.fetchone(), after.fetchone()), (("owner 13", False),) * 2, "around a write in a pipeline")


def pipelines_in_transactions():
    with connect() as connection:
        with connection.pipeline():
            connection.execute("UPDATE account SET balance = 43 WHERE id = 43")
            cursor = connection.execute("SELECT balance FROM account WHERE id = 43")
            expect(cursor.fetchone(), (43,), "own write in a pipeline")
            connection.rollback()
            cursor = connection.execute("SELECT balance FROM account WHERE id = 43")
            expect(cursor.fetchone(), (4300,), "after rollback in a pipeline")
        connection.rollback()
        with connection.pipeline():
            with connection.transaction():
                connection.cursor().executemany(
                    "INSERT INTO account VALUES (%s, %s, 0)", [(i, "pipelined") for i in range(200, 400)]
                )
            with connection.transaction():
                connection.execute("DELETE FROM account WHERE id >= 300")
        count = connection.execute("SELECT count(*) FROM account WHERE owner = 'pipelined'").fetchone()
        expect(count, (100,), "rows of executemany in a pipeline")
        connection.execute("DELETE FROM account WHERE id >= 200")


def executemany_returning():
    with connect() as connection:
        cursor = connection.cursor()
        cursor.executemany(
            "INSERT INTO account VALUES (%s, 'many', 0) RETURNING id", [(i,) for i in range(500, 510)], returning=True
        )
        ids = []
        while True:
            ids.append(cursor.fetchone()[0])
            if not cursor.nextset():
                break
        expect(ids, list(range(500, 510)), "ids")
        connection.rollback()


def several_statements_in_one():
    with connect(autocommit=True) as connection:
        cursor = connection.execute("SELECT 1; SELECT 2, 3; SELECT (current_setting('cluster_name') <> 'primary')")
        results = [cursor.fetchone()]
        while cursor.nextset():
            results.append(cursor.fetchone())
        expect(results, [(1,), (2, 3), (True,)], "three reads")
        cursor = connection.execute(f"UPDATE account SET balance = balance WHERE id = 1; SELECT {ON_REPLICA}")
        expect(cursor.rowcount, 1, "rows updated")
        cursor.nextset()
        expect(cursor.fetchone(), (False,), "a read beside a write")


def server_cursors():
    with connect() as connection:
        with connection.cursor("here") as cursor:
            cursor.itersize = 7
            cursor.execute("SELECT id FROM account ORDER BY id")
            expect([row[0] for row in cursor], list(range(100)), "rows of a server cursor")
        with connection.cursor("back", scrollable=True) as cursor:
            cursor.execute("SELECT id FROM account ORDER BY id")
            cursor.scroll(50)
            expect(cursor.fetchone(), (50,), "after a scroll")
            cursor.scroll(0, mode="absolute")
            expect(cursor.fetchmany(3), [(0,), (1,), (2,)], "after a scroll back")
        connection.commit()
        held = connection.cursor("held", withhold=True)
        held.execute("SELECT id FROM account ORDER BY id")
        connection.commit()
        expect(held.fetchmany(2), [(0,), (1,)], "a held cursor after its transaction")
        connection.execute("SELECT 1")
        connection.commit()
        expect(held.fetchone(), (2,), "a held cursor two transactions later")
        held.close()
        connection.commit()


def row_by_row():
    with connect(autocommit=True) as connection:
        rows = list(connection.cursor().stream("SELECT g, repeat('x', 100) FROM generate_series(1, 5000) g"))
        expect(len(rows), 5000, "rows in single-row mode")
        expect(rows[-1], (5000, "x" * 100), "the last row")


def copy():
    with connect() as connection:
        connection.execute("CREATE TABLE copied (id int, note text, at timestamptz)")
        now = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
        with connection.cursor() as cursor:
            with cursor.copy("COPY copied FROM STDIN") as target:
                for i in range(10000):
                    target.write_row((i, "tab\there\nline\\" if i % 2 else None, now))
            expect(cursor.rowcount, 10000, "rows copied in")
            with cursor.copy("COPY copied FROM STDIN (FORMAT BINARY)") as target:
                target.set_types(["int4", "text", "timestamptz"])
                for i in range(10000, 10100):
                    target.write_row((i, "binary", now))
            with cursor.copy("COPY (SELECT * FROM copied WHERE id < 4 ORDER BY id) TO STDOUT") as source:
                source.set_types(["int4", "text", "timestamptz"])
                expect([row[1] for row in source.rows()], [None, "tab\there\nline\\"] * 2, "rows copied out")
        connection.commit()
        replicas_caught_up()
    with connect(autocommit=True) as connection:
        cursor = connection.cursor()
        with cursor.copy("COPY copied TO STDOUT") as source:
            size = sum(bytes(block).count(b"\n") for block in source)
        expect(size, 10100, "lines copied out in autocommit")
        with cursor.copy("COPY (SELECT (current_setting('cluster_name') <> 'primary')) TO STDOUT") as source:
            expect(b"".join(source), b"t\n", "where COPY TO runs")
        with cursor.copy("COPY (SELECT id FROM copied WHERE id < %s) TO STDOUT", [2]) as source:
            expect(sum(len(block) for block in source), 4, "COPY with a parameter")
        with expect_error(psycopg.errors.BadCopyFileFormat, "a wrong line"):
            with cursor.copy("COPY copied FROM STDIN") as target:
                target.write(b"1\tonly two\n")
        with expect_error(psycopg.errors.InvalidTextRepresentation, "a wrong number, long before the end"):
            with cursor.copy("COPY copied FROM STDIN") as target:
                target.write(b"no number\tx\t2024-01-01\n")
                for _ in range(200):
                    target.write(b"1\tx\t2024-01-01\n" * 100)
        with expect_error(ZeroDivisionError, "a client that gives up"):
            with cursor.copy("COPY copied FROM STDIN") as target:
                target.write_row((1, "x", None))
                1 / 0
        expect(connection.execute("SELECT 1").fetchone(), (1,), "after failed copies")
        # The prepared protocol: Sync comes twice.
        with cursor.copy("COPY copied FROM STDIN") as target:
            target.write_row((-1, "x", None))
        count = connection.execute("SELECT count(*) FROM copied /* howdah: primary */").fetchone()
        expect(count, (10101,), "rows after failed copies")
        connection.execute("DROP TABLE copied")


def binary_values():
    values = {
        "int8": 2**40,
        "numeric": decimal.Decimal("12345.6789"),
        "text": "naïve — 象",
        "bytea": bytes(range(256)),
        "uuid": uuid.UUID(int=7),
        "timestamptz": datetime.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc),
        "date": datetime.date(1999, 12, 31),
        "interval": datetime.timedelta(days=3, seconds=4),
        "float8": 0.1,
        "bool": True,
        "int4[]": [1, 2, None, 4],
        "text[]": ["a", 'b"', "{c}", None],
    }
    with connect(autocommit=True) as connection:
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            for name, value in values.items():
                got = cursor.execute(f"SELECT %s::{name}", [value]).fetchone()[0]
                expect(got, value, f"{name}, {'binary' if binary else 'text'}")
        document = {"a": [1, {"b": None}]}
        expect(connection.execute("SELECT %s::jsonb", [Jsonb(document)]).fetchone(), (document,), "jsonb")
        expect(connection.execute("SELECT NULL::int, %s::text", [None]).fetchone(), (None, None), "nulls")


def large_values():
    text = "".join(random.Random(1).choices("abcdefghij", k=5_000_000))
    with connect(autocommit=True) as connection:
        expect(connection.execute("SELECT %s::text", [text]).fetchone()[0] == text, True, "5 MB there and back")
        query = sql.SQL("SELECT md5({})").format(sql.Literal(text))
        got = connection.execute(query).fetchone()
        expect(got, connection.execute("SELECT md5(%s)", [text]).fetchone(), "5 MB in the statement")


def settings_travel():
    with connect(autocommit=True) as connection, connect(autocommit=True) as other:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        expect(connection.info.parameter_status("TimeZone"), "Asia/Tokyo", "reported after SET")
        for _ in range(5):
            row = connection.execute(f"SELECT current_setting('TimeZone'), {ON_REPLICA}").fetchone()
            expect(row, ("Asia/Tokyo", True), "a setting on replicas")
            zone = other.execute("SHOW TimeZone").fetchone()[0]
            if zone == "Asia/Tokyo":
                raise Difference("a setting leaked to another client")
        with connection.transaction():
            expect(connection.execute("SHOW TimeZone").fetchone(), ("Asia/Tokyo",), "a setting on the primary")
            connection.execute("SET LOCAL TimeZone = 'UTC'")
            expect(connection.execute("SHOW TimeZone").fetchone(), ("UTC",), "SET LOCAL")
        expect(connection.execute("SHOW TimeZone").fetchone(), ("Asia/Tokyo",), "after SET LOCAL")
        connection.execute("SELECT set_config('search_path', 'pg_catalog', false)")
        expect(connection.execute("SHOW search_path").fetchone(), ("pg_catalog",), "after set_config")
        connection.execute("RESET ALL")
        if connection.execute("SHOW TimeZone").fetchone()[0] == "Asia/Tokyo":
            raise Difference("RESET ALL left a setting")
    with connect(autocommit=True, options="-c work_mem=7MB -c TimeZone=Asia/Seoul", application_name="rider") as connection:
        for _ in range(3):
            row = connection.execute(
                "SELECT current_setting('work_mem'), current_setting('TimeZone'), current_setting('application_name')"
            ).fetchone()
            expect(row, ("7MB", "Asia/Seoul", "rider"), "settings given at the start")


def settings_in_transactions():
    with connect() as connection:
        connection.execute("SET statement_timeout = '77s'")
        connection.rollback()
        if connection.execute("SHOW statement_timeout").fetchone() == ("77s",):
            raise Difference("a rolled back SET stayed")
        connection.execute("SET statement_timeout = '78s'")
        connection.commit()
        expect(connection.execute("SHOW statement_timeout").fetchone(), ("78s",), "a committed SET")
    with connect(autocommit=True) as connection:
        if connection.execute("SHOW statement_timeout").fetchone() == ("78s",):
            raise Difference("a SET leaked to another client")


def temporary_tables_keep_their_server():
    with connect(autocommit=True) as connection, connect(autocommit=True) as other:
        connection.execute("CREATE TEMP TABLE scratch (id int)")
        connection.execute("INSERT INTO scratch SELECT generate_series(1, 10)")
        for _ in range(5):
            expect(connection.execute("SELECT count(*) FROM scratch").fetchone(), (10,), "own temporary table")
            with expect_error(psycopg.errors.UndefinedTable, "another's temporary table"):
                other.execute("SELECT count(*) FROM scratch")


def cancel():
    with connect(autocommit=True) as connection:
        for statement in ("SELECT pg_sleep(60)", "SELECT pg_sleep(60) FROM account WHERE id = 1 FOR UPDATE"):
            cursor = connection.cursor()
            failure = []

            def sleep():
                try:
                    cursor.execute(statement)
                    failure.append(None)
                except psycopg.Error as error:
                    failure.append(error.sqlstate)

            thread = threading.Thread(target=sleep)
            thread.start()
            def is_running():
                for node in nodes():
                    with psycopg.connect(node) as direct:
                        row = direct.execute(
                            "SELECT 1 FROM pg_stat_activity WHERE query = %s AND state = 'active'", [statement]
                        ).fetchone()
                        if row:
                            return True
                return False

            wait_until(is_running, "the sleep runs")
            connection.cancel_safe(timeout=PATIENCE)
            thread.join()
            expect(failure, ["57014"], "a cancelled statement")
            expect(connection.execute("SELECT 5").fetchone(), (5,), "after a cancel")


def notices():
    with connect(autocommit=True) as connection:
        heard = []
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
        connection.execute("DO $$ BEGIN RAISE NOTICE 'hear %', 1; END $$")
        expect(heard, ["hear 1"], "notices")
        connection.execute("DROP TABLE IF EXISTS never_there")
        expect_in("never_there", heard[-1], "the notice of DROP")


def rows_as_dictionaries_and_description():
    with connect(autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.execute("SELECT id, owner AS who FROM account WHERE id = 3")
        expect(cursor.fetchone(), {"id": 3, "who": "owner 3"}, "a row")
        expect([(c.name, c.type_code) for c in cursor.description], [("id", 23), ("who", 25)], "the description")
        empty = connection.execute("")
        expect(empty.description, None, "an empty query")


def the_refusal_of_two_phase_commit_comes_through():
    # The demo's servers have max_prepared_transactions = 0: the server's own error must come through.
    connection = connect()
    connection.tpc_begin("howdah test")
    connection.execute("UPDATE account SET balance = 1 WHERE id = 9")
    with expect_error(psycopg.NotSupportedError, "PREPARE TRANSACTION") as failed:
        connection.tpc_prepare()
    expect_in("prepared transactions are disabled", str(failed.error), "the server's words")
    expect(connection.info.transaction_status, TransactionStatus.IDLE, "the transaction is over")
    connection.close()
    with connect() as other:
        expect(other.execute("SELECT balance FROM account WHERE id = 9").fetchone(), (900,), "rolled back")


def pool():
    with ConnectionPool("", min_size=2, max_size=4, kwargs={"autocommit": True}, open=True) as connections:
        connections.wait()
        for i in range(30):
            with connections.connection() as connection:
                expect(connection.execute("SELECT %s::int", [i]).fetchone(), (i,), "through the pool")


async def _async_part():
    async with await psycopg.AsyncConnection.connect("", autocommit=True) as connection:
        row = await (await connection.execute(IN_RECOVERY)).fetchone()
        expect(row, (True,), "an async read")
        async with connection.transaction():
            await connection.execute("UPDATE account SET balance = 5 WHERE id = 5")
            row = await (await connection.execute("SELECT balance FROM account WHERE id = 5")).fetchone()
            expect(row, (5,), "an async transaction")
        async with connection.pipeline():
            cursors = [await connection.execute("SELECT %s::int", [i], prepare=True) for i in range(20)]
            for i, cursor in enumerate(cursors):
                expect(await cursor.fetchone(), (i,), "an async pipeline")

    async def client(number):
        async with await psycopg.AsyncConnection.connect("", autocommit=True, prepare_threshold=2) as connection:
            for i in range(20):
                row = await (await connection.execute("SELECT %s::int, %s::int", [number, i])).fetchone()
                expect(row, (number, i), "one of many clients")

    await asyncio.gather(*(client(number) for number in range(40)))


def asynchronous():
    asyncio.run(_async_part())

def notifications():
    with connect(autocommit=True) as connection, connect(autocommit=True) as other:
        connection.execute("LISTEN news")
        connection.execute("NOTIFY news, 'own'")
        other.execute("SELECT pg_notify('news', %s)", ["another's"])
        heard = list(connection.notifies(timeout=PATIENCE, stop_after=2))
        expect([note.payload for note in heard], ["own", "another's"], "payloads")
        processes = [connection.info.backend_pid, other.info.backend_pid]
        expect([note.pid for note in heard], processes, "processes")
        for i in range(100):
            other.execute("SELECT pg_notify('news', %s)", [str(i)])
        heard = list(connection.notifies(timeout=PATIENCE, stop_after=100))
        expect([note.payload for note in heard], [str(i) for i in range(100)], "the order of many")
        connection.execute("UNLISTEN *")
        other.execute("NOTIFY news, 'unheard'")
        expect(list(connection.notifies(timeout=0.1)), [], "after UNLISTEN")
    # LISTEN in a transaction holds from COMMIT on.
    with connect() as connection, connect(autocommit=True) as other:
        connection.execute("LISTEN news")
        connection.rollback()
        other.execute("NOTIFY news, 'rolled back'")
        connection.execute("LISTEN news")
        other.execute("NOTIFY news, 'too early'")
        connection.commit()
        other.execute("NOTIFY news, 'heard'")
        note = next(connection.notifies(timeout=PATIENCE, stop_after=1))
        expect(note.payload, "heard", "after COMMIT")


run(
    create,
    autocommit_reads_run_on_replicas,
    a_transaction_reads_what_it_wrote,
    a_failed_transaction_stays_failed,
    read_only_transactions_run_on_replicas,
    transaction_blocks_nest,
    prepared_statements,
    a_prepared_statement_fails_and_goes_on,
    prepared_statements_outlive_changes_of_tables,
    deallocate_and_discard,
    pipelines,
    prepared_statements_in_pipelines,
    pipelines_in_transactions,
    executemany_returning,
    several_statements_in_one,
    server_cursors,
    row_by_row,
    copy,
    binary_values,
    large_values,
    settings_travel,
    settings_in_transactions,
    temporary_tables_keep_their_server,
    cancel,
    notices,
    rows_as_dictionaries_and_description,
    the_refusal_of_two_phase_commit_comes_through,
    pool,
    asynchronous,
    notifications,
)
