"""Drivers that put BEGIN and COMMIT around everything, with transaction_reads = replica_until_write."""

import asyncio

import asyncpg
import psycopg
import sqlalchemy as sa
from sqlalchemy import orm

from harness import IN_RECOVERY, expect, on_primary, replicas_caught_up, run, settings, wait_until


def dsn():
    place = settings()
    return f"host={place['host']} port={place['port']} user={place['user']} dbname={place['database']}"


def leads(connection):
    """Begins a transaction on a replica; one ends again where none is fresh for the session yet."""
    if connection.execute(IN_RECOVERY).fetchone()[0]:
        return True
    connection.commit()
    return False


def psycopg_without_autocommit():
    on_primary("DROP TABLE IF EXISTS led; CREATE TABLE led (x int); GRANT ALL ON led TO PUBLIC")
    replicas_caught_up()
    with psycopg.connect(dsn()) as connection:
        for prepared in (False, True):
            for value in range(8):
                wait_until(lambda: leads(connection), "a transaction that leads")
                count = connection.execute("SELECT count(*) FROM led", prepare=prepared).fetchone()[0]
                connection.execute("INSERT INTO led VALUES (%s)", (value,), prepare=prepared)
                expect(connection.execute(IN_RECOVERY).fetchone()[0], False, "after a write")
                now = connection.execute("SELECT count(*) FROM led", prepare=prepared).fetchone()[0]
                expect(now, count + 1, "rows behind the write")
                if value % 2:
                    connection.rollback()
                else:
                    connection.commit()
        wait_until(lambda: leads(connection), "a transaction that leads")
        with connection.transaction():
            # A savepoint: it moves first.
            expect(connection.execute(IN_RECOVERY).fetchone()[0], False, "in a savepoint")
        connection.commit()
        expect(connection.execute("SELECT count(*) FROM led").fetchone()[0], 8, "what was committed")
        connection.rollback()
        wait_until(lambda: leads(connection), "a transaction that leads")
        with connection.cursor("named") as cursor:
            cursor.execute("SELECT x FROM led ORDER BY x")
            first = cursor.fetchone()
            connection.execute("UPDATE led SET x = x + 100")
            expect([first] + cursor.fetchall(), [(value,) for value in sorted([0, 2, 4, 6] * 2)], "a named cursor")
        connection.rollback()


class Base(orm.DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "leading_item"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]


def sqlalchemy_session(driver):
    def part():
        place = settings()
        engine = sa.create_engine(
            sa.URL.create(
                f"postgresql+{driver}",
                username=place["user"],
                host=place["host"],
                port=place["port"],
                database=place["database"],
            )
        )
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            session.add(Item(name="first"))
            session.commit()

            def reads_on_replica():
                found = session.scalar(sa.text(IN_RECOVERY))
                if not found:
                    session.commit()
                return found

            for number in range(6):
                wait_until(reads_on_replica, "a session that leads")
                item = session.scalars(sa.select(Item)).one()
                item.name = f"name {number}"
                session.flush()
                expect(session.scalar(sa.text(IN_RECOVERY)), False, "behind the flush")
                session.commit()
                expect(session.scalars(sa.select(Item.name)).one(), f"name {number}", "its own write")
                session.commit()
        engine.dispose()

    part.__name__ = f"SQLAlchemy's session over {driver}"
    return part


def asyncpg_transactions():
    async def play():
        place = settings()
        connection = await asyncpg.connect(
            host=place["host"], port=place["port"], user=place["user"], database=place["database"]
        )
        on_primary("DROP TABLE IF EXISTS led; CREATE TABLE led (x int); GRANT ALL ON led TO PUBLIC")
        replicas_caught_up()
        led = 0
        for value in range(60):
            async with connection.transaction():
                if await connection.fetchval(IN_RECOVERY):
                    led += 1
                await connection.fetch("SELECT (current_setting('cluster_name') <> 'primary'), $1::int", value)
                await connection.execute("INSERT INTO led VALUES ($1)", value)
                expect(await connection.fetchval(IN_RECOVERY), False, "behind a write")
                expect(await connection.fetchval("SELECT max(x) FROM led"), value, "its own write")
            await asyncio.sleep(0.05)
        expect(await connection.fetchval("SELECT count(*) FROM led"), 60, "all rows")
        if led == 0:
            raise AssertionError("no transaction of asyncpg has led")
        async with connection.transaction():
            rows = [row["x"] async for row in connection.cursor("SELECT x FROM led ORDER BY x", prefetch=7)]
            expect(rows, list(range(60)), "a cursor")
        await connection.close()

    asyncio.run(play())


run(
    psycopg_without_autocommit,
    sqlalchemy_session("psycopg"),
    sqlalchemy_session("psycopg2"),
    asyncpg_transactions,
)
