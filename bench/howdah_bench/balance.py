"""bench/scenarios/balance: what a second replica brings, and what a slow one costs."""

import argparse
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import pgbench, process, wire
from .cluster import Cluster, Node
from .pgbench import Endpoint, Load, Outcome
from .process import BenchError
from .session import within
from .tables import aligned
from .targets import Howdah

# A read whose time is spent asleep in its backend: the nodes' servers are what there is too little of, not this
# machine's processors.
LONG_NAP = "SELECT pg_sleep(0.005);\n"
NAP = "SELECT pg_sleep(0.002);\n"
DELAY_MS = 5
WANTED_GAIN = 1.8
WANTED_P95 = 1.5


@dataclass(frozen=True)
class Turn:
    """One run: what it gave, and how many transactions each replica committed meanwhile."""

    label: str
    outcome: Outcome
    shares: tuple[int, ...]

    @property
    def p95(self) -> float:
        return self.outcome.percentile(95) or 0

    def row(self) -> tuple[str, ...]:
        total = max(1, sum(self.shares))
        return (self.label, f"{self.outcome.tps:.0f}", f"{(self.outcome.percentile(50) or 0) / 1000:.2f}",
                f"{self.p95 / 1000:.2f}", " / ".join(f"{100 * share / total:.1f}" for share in self.shares),
                str(self.outcome.failures))


class SizedHowdah(Howdah):
    """Howdah over some of the nodes, with as many servers on each as a scenario wants."""

    def __init__(self, cluster: Cluster, scratch: Path, pool_size: int):
        super().__init__(cluster, scratch, "auto")
        self.pool_size = pool_size

    def _pool_size(self) -> int:
        return self.pool_size


@contextlib.contextmanager
def slowed(node: Node, scratch: Path) -> Iterator[Node]:
    """The node as it looks through a relay that holds its answers back."""
    port = process.free_port()
    command = [sys.executable, str(Path(__file__).with_name("relay.py")), str(port), node.host, str(node.port),
               str(DELAY_MS)]
    relay = process.start(command, scratch / "relay.log", signal.SIGTERM, None, None, scratch)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise BenchError("the relay does not listen") from None
                time.sleep(0.05)
        yield Node("127.0.0.1", port, node.superuser)
    finally:
        process.stop(relay, signal.SIGTERM)


@contextlib.contextmanager
def busy(cluster: Cluster) -> Iterator[None]:
    """Keeps one backend of the primary computing: a neighbour that takes a processor from everybody here."""
    with cluster.as_superuser(cluster.primary) as client, cluster.as_superuser(cluster.primary) as other:
        backend = client.value("SELECT pg_backend_pid()")
        client.send(wire.query("DO 'BEGIN LOOP END LOOP; END'"))
        try:
            yield
        finally:
            other.value(f"SELECT pg_cancel_backend({backend})")
            with contextlib.suppress(BenchError):
                client.until_ready()


def committed(cluster: Cluster, replicas: tuple[Node, ...]) -> list[int]:
    """Transactions of the load's database on each replica; backends report theirs when they end at the latest."""
    counts = []
    for node in replicas:
        with cluster.as_superuser(node) as client:
            counts.append(int(client.value(f"SELECT xact_commit FROM pg_stat_database WHERE datname ="
                                           f" '{cluster.database}'")))
    return counts


def run(label: str, cluster: Cluster, measured: tuple[Node, ...], load: Load, pool_size: int, seconds: int,
        scratch: Path) -> Turn:
    before = committed(cluster, measured)
    target = SizedHowdah(cluster, scratch, pool_size)
    with target.running(load.mode, load.clients) as running:
        endpoint = Endpoint(running.endpoint.host, running.endpoint.port, cluster.user, cluster.database)
        # Nodes come to their full weight within slow_start, and servers are opened.
        warm = pgbench.run(endpoint, load, scratch, seconds=2)
        if warm.failures:
            raise BenchError(f"{label}: {warm.error}")
        outcome = pgbench.run(endpoint, load, scratch, seconds=seconds, log=True)
    if outcome.failures:
        raise BenchError(f"{label}: {outcome.error}")
    settled = time.monotonic() + 2
    after = committed(cluster, measured)
    while time.monotonic() < settled:
        time.sleep(0.1)
        after = committed(cluster, measured)
    return Turn(label, outcome, tuple(late - early for early, late in zip(before, after, strict=True)))


def gain(cluster: Cluster, scratch: Path, seconds: int, nap: Load) -> list[Turn]:
    replicas = cluster.replicas[:2]
    with busy(cluster):
        return [run(label, Cluster(cluster.primary, nodes, cluster.user, cluster.database), nodes, nap, 8, seconds,
                    scratch)
                for label, nodes in (("one replica", replicas[:1]), ("two replicas", replicas))]


def slow(cluster: Cluster, scratch: Path, seconds: int, load: Load) -> list[Turn]:
    replicas = cluster.replicas[:2]
    pair = run("two alike", cluster, replicas, load, 20, seconds, scratch)
    with slowed(replicas[1], scratch) as far:
        nodes = (replicas[0], far)
        odd = run(f"second {DELAY_MS} ms slower", Cluster(cluster.primary, nodes, cluster.user, cluster.database),
                  replicas, load, 20, seconds, scratch)
    return [pair, odd]


def report(title: str, turns: list[Turn], verdict: str) -> None:
    print(f"{title}\n")
    print(aligned(("nodes", "reads/s", "p50 ms", "p95 ms", "share %", "failed"), [turn.row() for turn in turns],
                  left=1))
    print(f"\n{verdict}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/scenarios/balance", description="What a second replica brings,"
                                     " and what a slow one costs.")
    parser.add_argument("--seconds", type=int, default=8, help="of each turn")
    options = parser.parse_args()

    def body(cluster: Cluster, scratch: Path) -> int:
        if len(cluster.replicas) < 2:
            raise BenchError("two replicas are needed")
        naps = scratch / "nap.sql"
        naps.write_text(NAP)
        long_naps = scratch / "long_nap.sql"
        long_naps.write_text(LONG_NAP)
        many = Load(("-f", str(long_naps)), "simple", 48, 1)
        few = Load(("-f", str(naps)), "simple", 8, 1)
        select = Load(("-S",), "prepared", 8, 1)
        turns = gain(cluster, scratch, options.seconds, many)
        ratio = turns[1].outcome.tps / turns[0].outcome.tps
        report("A second replica (8 servers on each node, reads of 5 ms, 48 clients, the primary busy)", turns,
               f"{ratio:.2f} times the reads of one (wanted: {WANTED_GAIN})")
        worst = 0.0
        for title, load in (("Select-only, prepared, 8 clients", select), ("Reads of 2 ms, 8 clients", few)):
            turns = slow(cluster, scratch, options.seconds, load)
            part = turns[1].p95 / max(1, turns[0].p95)
            worst = max(worst, part)
            report(f"A slow replica. {title}", turns,
                   f"p95 is {part:.2f} times the healthy pair's (wanted: at most {WANTED_P95})")
        return 0 if ratio >= WANTED_GAIN and worst <= WANTED_P95 else 1

    return within(body)
