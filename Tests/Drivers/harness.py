"""What the driver scripts share: they run under `howdah demo --exec`, which sets PGHOST, PGPORT, PGUSER and PGDATABASE
to the proxy and HOWDAH_DEMO_PRIMARY and HOWDAH_DEMO_REPLICA_1 ... to the nodes."""

import os
import sys
import time
import traceback

import psycopg

# Longer than any wait here takes on a slow machine; a wait that reaches it has failed.
PATIENCE = 300.0

# Unlike pg_is_in_recovery(), which the primary answers whoever asks.
ON_REPLICA = "(current_setting('cluster_name') <> 'primary')"
IN_RECOVERY = "SELECT " + ON_REPLICA


class Difference(Exception):
    """Something came back that PostgreSQL would not have sent."""


def expect(actual, wanted, what):
    if actual != wanted:
        raise Difference(f"{what}: expected {wanted!r}, got {actual!r}")


def expect_in(part, whole, what):
    if part not in whole:
        raise Difference(f"{what}: expected {part!r} in {whole!r}")


class expect_error:
    """The block must raise `kind`, and with this SQLSTATE where one is given."""

    def __init__(self, kind, what, sqlstate=None):
        self.kind, self.what, self.sqlstate = kind, what, sqlstate

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            raise Difference(f"{self.what}: expected {self.kind.__name__}, got no error")
        if not isinstance(error, self.kind):
            return False
        state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
        if self.sqlstate is not None and state != self.sqlstate:
            raise Difference(f"{self.what}: expected SQLSTATE {self.sqlstate}, got {state}: {error}")
        self.error = error
        return True


def settings():
    """Where the proxy is, as keywords that every driver takes in some form."""
    return {
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "user": os.environ["PGUSER"],
        "database": os.environ["PGDATABASE"],
    }


def nodes():
    """The nodes' own URIs, the primary's first."""
    names = ["HOWDAH_DEMO_PRIMARY"]
    while f"HOWDAH_DEMO_REPLICA_{len(names)}" in os.environ:
        names.append(f"HOWDAH_DEMO_REPLICA_{len(names)}")
    return [os.environ[name] for name in names]


def on_primary(statement, parameters=None):
    """Runs a statement past the proxy, as superuser; returns its rows, if it has any."""
    with psycopg.connect(nodes()[0], autocommit=True) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def wait_until(condition, what):
    """Waits for `condition` to return something true, and returns that."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Difference(f"{what}: still not so after {PATIENCE:.0f} s")
        time.sleep(0.01)


def replicas_caught_up():
    """Waits until every replica has replayed all that the primary has written.

    For reads of one connection that are to see what another has written; a connection sees its own writes without this.
    """
    position = on_primary("SELECT pg_current_wal_flush_lsn()::text")[0][0]
    for node in nodes()[1:]:
        with psycopg.connect(node, autocommit=True) as connection:
            wait_until(
                lambda: connection.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position]).fetchone()[0],
                f"{node} replays up to {position}",
            )


def catalog_facts_are_there():
    """Waits until the proxy has looked at the catalog: before that a read-only transaction goes to the primary, since
    nobody knows the isolation level with which it begins."""
    with psycopg.connect(autocommit=True) as connection:

        def runs_on_a_replica():
            connection.execute("BEGIN READ ONLY")
            found = connection.execute(IN_RECOVERY).fetchone()
            connection.execute("COMMIT")
            return found[0]

        wait_until(runs_on_a_replica, "a read-only transaction runs on a replica")


def run(*parts):
    """Runs the parts of a script, all of them; ends with status 1 and their names where some failed."""
    name = os.path.basename(sys.argv[0])
    failed = []
    catalog_facts_are_there()
    for part in parts:
        try:
            part()
        except Exception:
            traceback.print_exc()
            failed.append(part.__name__)
    if failed:
        sys.exit(f"{name}: FAILED: {', '.join(failed)}")
    print(f"{name}: {len(parts)} parts passed")
