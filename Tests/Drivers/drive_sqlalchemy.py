"""SQLAlchemy 2 through the proxy, over psycopg 3, psycopg2 and asyncpg: Core, the ORM's session, savepoints, its pool."""

import asyncio

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from harness import IN_RECOVERY, ON_REPLICA, expect, expect_error, replicas_caught_up, run, settings


class Base(orm.DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(unique=True)
    books: orm.Mapped[list["Work"]] = orm.relationship(back_populates="author", cascade="all, delete-orphan")


class Work(Base):
    __tablename__ = "work"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")


def url(driver):
    return sa.URL.create(
        f"postgresql+{driver}",
        username=settings()["user"],
        host=settings()["host"],
        port=settings()["port"],
        database=settings()["database"],
    )


def with_driver(driver, function):
    """A part of the script that gets an engine over the driver, and a schema that is new."""

    def part():
        engine = sa.create_engine(url(driver), pool_size=3, pool_pre_ping=True)
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        replicas_caught_up()
        try:
            function(engine)
        finally:
            engine.dispose()

    part.__name__ = f"{function.__name__} over {driver}"
    return part


def core(engine):
    author = Author.__table__
    with engine.begin() as connection:
        result = connection.execute(sa.insert(author).returning(author.c.id), [{"name": f"a{i}"} for i in range(300)])
        expect(len(result.all()), 300, "ids of insertmanyvalues")
        expect(connection.scalar(sa.text(IN_RECOVERY)), False, "a read in a transaction")
        expect(connection.scalar(sa.select(sa.func.count()).select_from(author)), 300, "own rows")
    replicas_caught_up()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for i in range(10):
            row = connection.execute(
                sa.select(author.c.name, sa.literal_column(ON_REPLICA)).where(author.c.name == f"a{i}")
            ).one()
            expect(tuple(row), (f"a{i}", True), "a read in autocommit")
    with engine.connect() as connection:
        expect(connection.execute(sa.delete(author)).rowcount, 300, "rows deleted")
        connection.rollback()
        with expect_error(sa.exc.IntegrityError, "a duplicate"):
            connection.execute(sa.insert(author), {"name": "a1"})
        connection.rollback()
        # Autobegin.
        expect(connection.scalar(sa.select(sa.func.count()).select_from(author)), 300, "rows after rollback")
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        expect(connection.scalar(sa.text("SHOW transaction_isolation")), "serializable", "isolation")
    with engine.connect().execution_options(postgresql_readonly=True) as connection:
        expect(connection.scalar(sa.text(IN_RECOVERY)), True, "a read-only transaction")
    with engine.connect().execution_options(stream_results=True, max_row_buffer=50) as connection:
        rows = connection.execute(sa.select(author.c.id)).all()
        expect(len(rows), 300, "rows of a server-side cursor")
    names = set(sa.inspect(engine).get_table_names())
    expect({"author", "work"} <= names, True, "reflection")
    expect([c["name"] for c in sa.inspect(engine).get_columns("work")], ["id", "title", "author_id"], "columns")


def session(engine):
    maker = orm.sessionmaker(engine)
    with maker.begin() as session:
        session.add(Author(name="outer", books=[Work(title=f"t{i}") for i in range(5)]))
        session.flush()
        with expect_error(ZeroDivisionError, "a savepoint"):
            with session.begin_nested():
                session.add(Author(name="lost"))
                session.flush()
                raise ZeroDivisionError
        with expect_error(sa.exc.IntegrityError, "a savepoint that the server fails"):
            with session.begin_nested():
                session.add(Author(name="outer"))
        session.add(Author(name="kept"))
    with maker() as session:
        names = session.scalars(sa.select(Author.name).order_by(Author.name)).all()
        session.commit()
        # A session's reads are a transaction, which runs on the primary: no waiting.
        expect(names, ["kept", "outer"], "names")
        outer = session.scalars(
            sa.select(Author).where(Author.name == "outer").options(orm.selectinload(Author.books))
        ).one()
        expect(sorted(book.title for book in outer.books), [f"t{i}" for i in range(5)], "selectinload")
        outer.books[0].title = "renamed"
        outer.name = "changed"
        session.commit()
        expect(outer.name, "changed", "read back after commit")
        locked = session.scalars(sa.select(Author).where(Author.name == "changed").with_for_update()).one()
        expect(session.scalar(sa.text(IN_RECOVERY)), False, "beside FOR UPDATE")
        session.delete(locked)
        session.commit()
        expect(session.scalar(sa.select(sa.func.count()).select_from(Work)), 0, "rows left by the cascade")


def pool(engine):
    for i in range(20):
        with engine.connect() as connection:
            expect(connection.scalar(sa.select(sa.literal(i))), i, "through the pool")
    connections = [engine.connect() for _ in range(5)]
    for i, connection in enumerate(connections):
        connection.execute(sa.text("SELECT set_config('application_name', :name, true)"), {"name": f"c{i}"})
    for i, connection in enumerate(connections):
        expect(connection.scalar(sa.text("SHOW application_name")), f"c{i}", "a setting of each transaction")
        connection.close()
    with engine.connect() as connection:
        name = connection.scalar(sa.text("SHOW application_name"))
        expect(name in {f"c{i}" for i in range(5)}, False, "a transaction's setting outlived it")


def over_asyncpg():
    async def use():
        engine = create_async_engine(url("asyncpg"), pool_size=3)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        maker = async_sessionmaker(engine)

        async def write(number):
            async with maker.begin() as session:
                session.add(Author(name=f"async {number}", books=[Work(title="x")]))
                await session.flush()
                async with session.begin_nested():
                    session.add(Work(title="y", author=await session.scalar(
                        sa.select(Author).where(Author.name == f"async {number}")
                    )))

        await asyncio.gather(*(write(i) for i in range(10)))
        async with maker() as session:
            expect(await session.scalar(sa.select(sa.func.count()).select_from(Work)), 20, "rows")
            await session.rollback()
            with expect_error(sa.exc.IntegrityError, "a duplicate"):
                session.add(Author(name="async 1"))
                await session.flush()
            await session.rollback()
            count = 0
            async for _ in await session.stream_scalars(sa.select(Work)):
                count += 1
            expect(count, 20, "rows of a stream")
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            expect(await connection.scalar(sa.text(IN_RECOVERY)), True, "a read in autocommit")
        await engine.dispose()

    asyncio.run(use())


run(
    *(with_driver(driver, function) for driver in ("psycopg", "psycopg2") for function in (core, session, pool)),
    over_asyncpg,
)
