"""asyncpg through the proxy: the extended protocol with Flush, its own statement cache, cursors, COPY, its pool."""

import asyncio
import datetime
import io

import asyncpg

from harness import ON_REPLICA, IN_RECOVERY, PATIENCE, Difference, expect, expect_error, replicas_caught_up, run, settings


async def connect(**options):
    return await asyncpg.connect(**settings(), timeout=PATIENCE, command_timeout=PATIENCE, **options)


def part(function):
    """Makes a part of the script of a coroutine function that takes a connection."""

    async def with_connection():
        connection = await connect()
        try:
            await function(connection)
        finally:
            await connection.close(timeout=PATIENCE)

    def run_it():
        asyncio.run(with_connection())

    run_it.__name__ = function.__name__
    return run_it


@part
async def create(connection):
    await connection.execute("CREATE TABLE city (id int PRIMARY KEY, name text, founded date)")
    await connection.executemany(
        "INSERT INTO city VALUES ($1, $2, $3)",
        [(i, f"city {i}", datetime.date(1000 + i, 1, 1)) for i in range(100)],
    )
    replicas_caught_up()


@part
async def reads_run_on_replicas(connection):
    for i in range(20):
        row = await connection.fetchrow(f"SELECT name, {ON_REPLICA} FROM city WHERE id = $1", i)
        expect(tuple(row), (f"city {i}", True), "a cached statement")
    expect(await connection.fetchval(IN_RECOVERY), True, "a read without parameters")
    expect(len(await connection.fetch("SELECT * FROM city WHERE founded < $1", datetime.date(1050, 1, 1))), 50, "rows")
    expect(await connection.execute("UPDATE city SET name = name WHERE id < 10"), "UPDATE 10", "the command tag")
    where = await connection.fetchval(f"UPDATE city SET name = name WHERE id = 1 RETURNING {ON_REPLICA}")
    expect(where, False, "a write")


@part
async def prepared_statements(connection):
    statement = await connection.prepare(f"SELECT $1::int + $2::int AS sum, {ON_REPLICA} AS there")
    expect([p.name for p in statement.get_parameters()], ["int4", "int4"], "parameters")
    expect([a.name for a in statement.get_attributes()], ["sum", "there"], "columns")
    for i in range(20):
        expect(tuple(await statement.fetchrow(i, 1)), (i + 1, True), "on replicas")
    async with connection.transaction():
        expect(tuple(await statement.fetchrow(1, 2)), (3, False), "in a transaction")
    expect(await statement.fetchval(5, 6), 11, "after a transaction")
    with expect_error(asyncpg.exceptions.NumericValueOutOfRangeError, "an error in Execute", "22003"):
        await statement.fetch(2**31 - 1, 1)
    expect(await statement.fetchval(7, 8), 15, "after an error")
    with expect_error(asyncpg.exceptions.DataError, "a wrong argument"):
        await statement.fetch("x", 1)
    with expect_error(asyncpg.PostgresSyntaxError, "a text that cannot be parsed", "42601"):
        await connection.prepare("SELEC 1")
    with expect_error(asyncpg.UndefinedTableError, "no such table"):
        await connection.fetch("SELECT * FROM missing WHERE id = $1", 1)
    rows = await statement.fetchmany([(1, 1), (2, 2), (3, 3)])
    expect([row["sum"] for row in rows], [2, 4, 6], "fetchmany")
    statement = await connection.prepare("SELECT 1 AS named", name="my_own_name")
    expect(await statement.fetchval(), 1, "a name of the client's")
    with expect_error(asyncpg.DuplicatePreparedStatementError, "the name again", "42P05"):
        await connection.prepare("SELECT 2", name="my_own_name")
    expect(await statement.fetchval(), 1, "after the refusal")


@part
async def the_same_names_in_many_clients(connection):
    async def client(number):
        own = await connect(statement_cache_size=5)
        try:
            for i in range(12):
                value = await own.fetchval(f"SELECT $1::int * {number} + {i}", 3)
                expect(value, 3 * number + i, f"client {number}, statement {i}")
        finally:
            await own.close(timeout=PATIENCE)

    await asyncio.gather(*(client(number) for number in range(30)))


@part
async def transactions(connection):
    async with connection.transaction():
        await connection.execute("UPDATE city SET name = 'outer' WHERE id = 20")
        with expect_error(ZeroDivisionError, "the savepoint's end"):
            async with connection.transaction():
                await connection.execute("UPDATE city SET name = 'inner' WHERE id = 20")
                expect(await connection.fetchval("SELECT name FROM city WHERE id = 20"), "inner", "in the savepoint")
                raise ZeroDivisionError
        expect(await connection.fetchval("SELECT name FROM city WHERE id = $1", 20), "outer", "after the savepoint")
    # read_your_writes makes the hint needless.
    name = await connection.fetchval("SELECT name FROM city WHERE id = $1 /* howdah: primary */", 20)
    expect(name, "outer", "after commit")
    transaction = connection.transaction(isolation="serializable", readonly=True, deferrable=True)
    await transaction.start()
    row = await connection.fetchrow(f"SELECT current_setting('transaction_isolation'), {ON_REPLICA}")
    expect(row[0], "serializable", "isolation")
    expect(row[1], False, "a serializable transaction's node")
    await transaction.rollback()
    async with connection.transaction(readonly=True):
        expect(await connection.fetchval(IN_RECOVERY), True, "a read-only transaction")
        with expect_error(asyncpg.ReadOnlySQLTransactionError, "a write in it", "25006"):
            async with connection.transaction():
                await connection.execute("DELETE FROM city")
    with expect_error(asyncpg.UniqueViolationError, "a duplicate"):
        async with connection.transaction():
            await connection.execute("INSERT INTO city VALUES (1, 'again', NULL)")
    expect(connection.is_in_transaction(), False, "after the error")


@part
async def cursors(connection):
    async with connection.transaction():
        seen = [row["id"] async for row in connection.cursor("SELECT id FROM city ORDER BY id", prefetch=9)]
        expect(seen, list(range(100)), "rows of a cursor")
        cursor = await connection.cursor("SELECT id FROM city WHERE id >= $1 ORDER BY id", 50)
        expect([row["id"] for row in await cursor.fetch(5)], [50, 51, 52, 53, 54], "fetch")
        expect(await cursor.forward(10), 10, "forward")
        expect((await cursor.fetchrow())["id"], 65, "after forward")
        # Another statement between two fetches of the portal.
        expect(await connection.fetchval("SELECT 1"), 1, "between")
        expect((await cursor.fetchrow())["id"], 66, "after another statement")


@part
async def copy(connection):
    records = [(i, f"copied\t{i}", None if i % 3 else datetime.date(2000, 1, 1)) for i in range(1000, 6000)]
    expect(await connection.copy_records_to_table("city", records=records), "COPY 5000", "rows copied in")
    out = io.BytesIO()
    tag = await connection.copy_from_query("SELECT id FROM city WHERE id >= $1 ORDER BY id", 1000, output=out)
    expect(tag, "COPY 5000", "rows copied out")
    expect(out.getvalue().split(b"\n")[:2], [b"1000", b"1001"], "the first lines")
    out = io.BytesIO()
    await connection.copy_from_query(IN_RECOVERY, output=out)
    expect(out.getvalue(), b"t\n", "where COPY TO runs")
    await connection.copy_to_table("city", source=io.BytesIO(b"7000,x,\n"), format="csv")
    with expect_error(asyncpg.BadCopyFileFormatError, "a wrong line"):
        await connection.copy_to_table("city", source=io.BytesIO(b"7001\n"))
    with expect_error(asyncpg.UniqueViolationError, "a duplicate in COPY"):
        await connection.copy_records_to_table("city", records=records)
    expect(await connection.execute("DELETE FROM city WHERE id >= 1000"), "DELETE 5001", "rows deleted")


@part
async def types(connection):
    await connection.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    await connection.execute("CREATE TYPE spot AS (x int, y int)")
    # asyncpg reads the catalog for types that it does not know.
    expect(await connection.fetchval("SELECT $1::mood", "sad"), "sad", "an enum")
    expect(tuple(await connection.fetchval("SELECT $1::spot", (1, 2))), (1, 2), "a composite")
    expect(await connection.fetchval("SELECT $1::int[]", [1, None, 3]), [1, None, 3], "an array")
    await connection.set_type_codec("json", encoder=repr, decoder=eval, schema="pg_catalog")
    expect(await connection.fetchval("SELECT $1::json", [1, 2]), [1, 2], "a codec")
    await connection.execute("DROP TYPE mood; DROP TYPE spot")


@part
async def settings_and_resets(connection):
    await connection.execute("SET search_path = pg_catalog")
    for _ in range(4):
        expect(await connection.fetchval("SHOW search_path"), "pg_catalog", "SET")
    await connection.reset()
    expect(await connection.fetchval("SHOW search_path"), '"$user", public', "after reset")
    other = await connect(server_settings={"jit": "off", "application_name": "asyncpg test"})
    expect(await other.fetchval("SELECT current_setting('application_name')"), "asyncpg test", "server_settings")
    await other.close(timeout=PATIENCE)


@part
async def pool(connection):
    # Its reset query takes locks, cursors, listens and settings away after each use.
    async with asyncpg.create_pool(**settings(), min_size=3, max_size=6) as connections:

        async def use(number):
            async with connections.acquire() as own:
                if number % 5 == 0:
                    await own.execute("SET application_name = 'left behind'")
                name = await own.fetchval("SELECT current_setting('application_name')")
                if number % 5 and name == "left behind":
                    raise Difference("a setting outlived the pool's reset")
                expect(await own.fetchval("SELECT $1::int", number), number, "through the pool")
                async with own.transaction():
                    await own.execute("UPDATE city SET name = name WHERE id = $1", number)

        await asyncio.gather(*(use(number) for number in range(60)))
        expect(await connections.fetchval(f"SELECT {ON_REPLICA}"), True, "where the pool reads")


@part
async def cancel(connection):
    with expect_error(asyncio.TimeoutError, "a timeout, for which asyncpg sends a cancel"):
        await connection.fetch("SELECT pg_sleep(60)", timeout=0.2)
    expect(await connection.fetchval("SELECT 1"), 1, "after the cancel")


@part
async def statements_outlive_changes_of_tables(connection):
    await connection.execute("CREATE TABLE form (id int)")
    await connection.execute("INSERT INTO form VALUES (1)")
    expect(tuple(await connection.fetchrow("SELECT * FROM form WHERE id = $1", 1)), (1,), "before ALTER")
    other = await connect()
    await other.execute("ALTER TABLE form ADD COLUMN name text DEFAULT 'n'")
    await other.close(timeout=PATIENCE)
    replicas_caught_up()
    row = await connection.fetchrow("SELECT id FROM form WHERE id = $1", 1)
    expect(tuple(row), (1,), "a statement whose result stays the same")
    await connection.execute("DROP TABLE form")

@part
async def notifications(connection):
    heard = asyncio.Queue()

    def listener(_, process, channel, payload):
        heard.put_nowait((process == connection.get_server_pid(), channel, payload))

    async def next_of(queue):
        return await asyncio.wait_for(queue.get(), PATIENCE)

    await connection.add_listener("news", listener)
    await connection.execute("NOTIFY news, 'own'")
    expect(await next_of(heard), (True, "news", "own"), "a notification of its own")
    other = await connect()
    await other.execute("SELECT pg_notify('news', $1)", "another's")
    expect(await next_of(heard), (False, "news", "another's"), "another client's notification")
    async with connection.transaction():
        await other.execute("NOTIFY news, 'later'")
        expect(await connection.fetchval("SELECT 1"), 1, "in a transaction")
        expect(heard.empty(), True, "no notification in a transaction")
    expect(await next_of(heard), (False, "news", "later"), "after the transaction")
    await connection.remove_listener("news", listener)
    await other.execute("NOTIFY news, 'unheard'")
    expect(await connection.fetchval("SELECT 2"), 2, "after remove_listener")
    expect(heard.empty(), True, "nothing after remove_listener")
    await other.close(timeout=PATIENCE)

    # More listeners than a pool has servers.
    everybody = asyncio.Queue()
    listeners = [await connect() for _ in range(40)]
    for own in listeners:
        await own.add_listener("everybody", lambda _, process, channel, payload: everybody.put_nowait(payload))
    await connection.execute("NOTIFY everybody, 'to everybody'")
    for _ in listeners:
        expect(await next_of(everybody), "to everybody", "one of many listeners")
    await asyncio.gather(*(own.close(timeout=PATIENCE) for own in listeners))


run(
    create,
    reads_run_on_replicas,
    prepared_statements,
    the_same_names_in_many_clients,
    transactions,
    cursors,
    copy,
    types,
    settings_and_resets,
    pool,
    cancel,
    statements_outlive_changes_of_tables,
    notifications,
)
