"""The PostgreSQL nodes under test: found in the environment that `howdah demo --exec` sets."""

import os
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import pgbench, wire
from .process import BenchError

SCALE = 10
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Node:
    """Where a node listens, and a superuser who may log in there under trust authentication."""

    host: str
    port: int
    superuser: str


@dataclass(frozen=True)
class Cluster:
    """A primary with its replicas, and the user and database that the load runs as."""

    primary: Node
    replicas: tuple[Node, ...]
    user: str
    database: str

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.primary, *self.replicas)

    def as_superuser(self, node: Node) -> wire.Client:
        return wire.connect(node.host, node.port, node.superuser, self.database)

    def prepare(self, scratch: Path) -> None:
        """Fills pgbench's tables (owned by the load's user) unless they are there, and waits for every replica."""
        with self.as_superuser(self.primary) as client:
            filled = client.value("SELECT to_regclass('pgbench_branches') IS NOT NULL") == "t" \
                and client.value("SELECT count(*) FROM pgbench_branches") == str(SCALE)
            if not filled:
                pgbench.initialize(pgbench.Endpoint(self.primary.host, self.primary.port, self.user, self.database),
                                   SCALE, scratch)
            # A checkpoint that falls into one target's turn and not into another's would tell lies about both.
            client.rows("CHECKPOINT")
            position = client.value("SELECT pg_current_wal_lsn()")
        for node in self.replicas:
            with self.as_superuser(node) as client:
                deadline = time.monotonic() + 60
                while client.value(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") != "t":
                    if time.monotonic() > deadline:
                        raise BenchError(f"the replica on port {node.port} has not replayed {position} in 60 s")
                    time.sleep(0.05)

    def connection_limit(self) -> int:
        """Connections that a node has room for beside those kept back for superusers."""
        with self.as_superuser(self.primary) as client:
            return int(client.value("SELECT current_setting('max_connections')::int"
                                    " - current_setting('superuser_reserved_connections')::int"))


def from_environment() -> Cluster | None:
    """The cluster that `howdah demo` tells of; None where the variables are absent."""
    primary = os.environ.get("HOWDAH_DEMO_PRIMARY")
    if not primary:
        return None
    replicas = []
    while dsn := os.environ.get(f"HOWDAH_DEMO_REPLICA_{len(replicas) + 1}"):
        replicas.append(node_of(dsn))
    return Cluster(node_of(primary), tuple(replicas), os.environ.get("PGUSER", "app"),
                   os.environ.get("PGDATABASE", "app"))


def node_of(dsn: str) -> Node:
    """Reads a connection URI or a string of keyword=value (PostgreSQL documentation, 34.1.1)."""
    if "://" in dsn:
        parts = urlsplit(dsn)
        return Node(parts.hostname or "127.0.0.1", parts.port or 5432, unquote(parts.username or "postgres"))
    words = dict(word.split("=", 1) for word in shlex.split(dsn))
    return Node(words.get("host", "127.0.0.1"), int(words.get("port", 5432)), words.get("user", "postgres"))


def howdah_binary() -> Path:
    return Path(os.environ.get("HOWDAH_BINARY") or REPOSITORY / ".build/release/howdah").absolute()


def howdah_environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment for a howdah process: its own HOWDAH_ settings pass, those of the bench would be refused."""
    ours = ("HOWDAH_BINARY", "HOWDAH_PID")
    kept = {name: value for name, value in os.environ.items()
            if name not in ours and not name.startswith("HOWDAH_DEMO_")}
    return kept | settings


def here_or_under_demo() -> Cluster:
    """The cluster of the environment; without one, starts this program again under `howdah demo` (no return)."""
    if found := from_environment():
        return found
    binary = howdah_binary()
    if not os.access(binary, os.X_OK):
        raise BenchError(f"{binary} is not there: build it with `swift build -c release`, set HOWDAH_BINARY,"
                         " or set HOWDAH_DEMO_PRIMARY and HOWDAH_DEMO_REPLICA_1 … to bring your own nodes")
    again = ["env", f"HOWDAH_BINARY={binary}", sys.executable, str(Path(sys.argv[0]).absolute()), *sys.argv[1:]]
    os.execve(binary, [str(binary), "demo", "--port", "0", "--exec", shlex.join(again)], howdah_environment({}))
