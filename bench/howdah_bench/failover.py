"""bench/scenarios/failover: a primary, and a replica, killed under clients that write through Howdah."""

import argparse
import collections
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import process, wire
from .cluster import Cluster, Node, from_environment, howdah_binary, howdah_environment
from .failover_load import TABLE, Failure, Load, driver, half_rate_after, longest_pause, rate
from .failover_nodes import Herd, wait
from .process import BenchError
from .tables import aligned

# What the demo's proxy runs with, unless the environment says otherwise.
SETTINGS = {
    "HOWDAH_FAILOVER": "promote",
    "HOWDAH_PROMOTE_DELAY": "1s",
    "HOWDAH_NODE_CHECK_INTERVAL": "200ms",
    "HOWDAH_SERVER_LOGIN_RETRY": "100ms",
    "HOWDAH_POOL_SIZE": "20",
    "HOWDAH_LOG_LEVEL": "info",
}
# synchronous_standby_names: an acknowledged row is on two nodes of three.
QUORUM = "ANY 1 (*)"
LOAD_ROWS = 30_000
# So long a replica (without synchronous replication: both) has had nothing from the primary when that is killed: the
# choice of the one to promote is then not indifferent.
STALL = 0.5
# Clients of that load that write row by row, and by a hundred a transaction: more of them than pool_size.
SINGLE, BULK = 36, 8
# Nothing of it took effect, and: not known whether it did.
EXPECTED = {"40001", "08007"}


@dataclass(frozen=True)
class Line:
    """One figure of a report; without a target it is only told."""

    what: str
    figure: str
    target: str = ""
    is_met: bool = True

    def row(self) -> tuple[str, ...]:
        return (self.what, self.figure, self.target, "" if self.is_met else "MISSED")


def at_most(what: str, count: int, limit: int) -> Line:
    return Line(what, f"{count}", f"at most {limit}" if limit else "0", count <= limit)


def setting(name: str) -> str:
    return os.environ.get(name, SETTINGS[name])


def by_state(failures: list[Failure]) -> str:
    counts = collections.Counter(failure.state for failure in failures)
    return " ".join(f"{state}: {count}" for state, count in sorted(counts.items())) or "none"


class Scene:
    """Three nodes in synchronous replication with Howdah in front, and clients that write."""

    def __init__(self, cluster: Cluster, names: str):
        """`names` is the nodes' synchronous_standby_names."""
        self.cluster = cluster
        self.names = names
        self.psycopg = driver()
        self.herd = Herd(cluster)
        self.port = int(os.environ["PGPORT"])
        self.dsn = f"host=127.0.0.1 port={self.port} user={cluster.user} dbname={cluster.database}"
        self.load: Load | None = None

    def prepare(self) -> None:
        if self.names:
            self.herd.synchronize(self.names)
        with wire.connect("127.0.0.1", self.port, self.cluster.user, self.cluster.database) as client:
            client.rows(TABLE)
        wait("Howdah to use all nodes", lambda: self.states().count("up") == len(self.cluster.nodes))

    def states(self) -> list[str | None]:
        """How Howdah uses each node: the fourth column of SHOW NODES."""
        with wire.connect("127.0.0.1", self.port, self.cluster.user, "howdah") as console:
            return [row[3] for row in console.rows("SHOW NODES")]

    def begin(self, sizes: list[int], pace: float = 0) -> Load:
        self.load = Load(self.psycopg, self.dsn, sizes, pace)
        self.load.wait_for_all()
        return self.load

    def lose_primary(self, stalled: Node) -> tuple[float, list[Line]]:
        """Kills the primary under replicas of which one is behind; gives the time, and what the others had."""
        other = next(node for node in self.cluster.replicas if node != stalled)
        self.herd.stall((stalled,) if self.names else (stalled, other))
        time.sleep(STALL)
        killed = self.herd.kill(self.cluster.primary)
        lacking = self.herd.received(other) - self.herd.received(stalled)
        self.load.wait_for_all()
        is_best = self.promoted() == other or lacking <= 0
        return killed, [Line("the one behind lacked, of the log", f"{lacking / 1024:.0f} kB"),
                        Line("promoted was the one that had more", "yes" if is_best else "no", "yes", is_best)]

    def promoted(self) -> Node:
        primaries = self.herd.primaries()
        if len(primaries) != 1:
            raise BenchError(f"{len(primaries)} nodes say that they are primary")
        return primaries[0]

    def found(self, node: Node) -> dict[tuple[int, int], int]:
        """Rows of each (client, number) on the node."""
        with self.cluster.as_superuser(node) as client:
            rows = client.rows("SELECT client, number, count(*) FROM written GROUP BY client, number")
        return {(int(client), int(number)): int(count) for client, number, count in rows}

    def promises(self, load: Load, killed: float) -> list[Line]:
        """What must hold whatever was killed; `killed` is when the primary was."""
        new = self.promoted()
        found = self.found(new)
        size = {writer.index: writer.rows for writer in load.writers}
        acknowledged = load.acknowledged()
        lost = sum(size[key[0]] - found.get(key, 0) for key in acknowledged)
        torn = sum(found[key] != size[key[0]] for key in found)
        unknown = {(failure.client, failure.number) for failure in load.failures if failure.state == "08007"}
        stray = sum(key not in acknowledged and key not in unknown for key in found)
        early = [failure for failure in load.failures if failure.at < killed]
        late = [failure for failure in load.failures if failure.at >= killed]
        strange = [failure for failure in load.failures if failure.state not in EXPECTED]
        return [
            at_most("failed before the primary was killed", len(early), 0),
            at_most("failed since", len(late), int(setting("HOWDAH_POOL_SIZE"))),
            Line("  rows outside a transaction", by_state([failure for failure in late if size[failure.client] == 1])),
            Line("  transactions", by_state([failure for failure in late if size[failure.client] > 1])),
            at_most("  with neither 40001 nor 08007", len(strange), 0),
            Line("  of 08007, had taken effect", f"{len(unknown & found.keys())} of {len(unknown)}"),
            at_most("client connections closed", load.closed, 0),
            Line("acknowledged rows", f"{load.rows}"),
            at_most("  missing on the new primary", lost, 0),
            at_most("rows of a write that failed without effect", stray, 0),
            at_most("transactions there in part", torn, 0),
        ]


def conclude(title: str, load: Load, lines: list[Line]) -> int:
    print(f"\n{title}\n")
    print(aligned(("", "figure", "target", ""), [line.row() for line in lines], left=1))
    for message, count in load.messages().most_common(6):
        print(f"  {count} × {message}")
    print(flush=True)
    return 0 if all(line.is_met for line in lines) else 1


def promote(scene: Scene, options: argparse.Namespace) -> int:
    """kill -9 of the primary under many clients, each of which inserts one row at a time."""
    load = scene.begin([1] * options.clients)
    calm = time.monotonic()
    time.sleep(options.seconds)
    killed, choice = scene.lose_primary(scene.cluster.replicas[0])
    time.sleep(options.seconds)
    end = time.monotonic()
    load.stop()

    times = load.times()
    usual = rate(times, calm, killed)
    half = half_rate_after(times, killed, usual)
    lines = [
        Line("writes a second before", f"{usual:.0f}"),
        Line("writes a second after", f"{rate(times, end - options.seconds, end):.0f}"),
        Line("longest pause of all writes before", f"{longest_pause(times, calm, killed):.2f} s"),
        Line("longest pause of all writes", f"{longest_pause(times, killed, end):.2f} s"),
        Line("half of the rate is back after", "never" if half is None else f"{half:.2f} s"),
        Line("longest that one client waited", f"{load.longest_wait():.2f} s"),
        *choice,
        *scene.promises(load, killed),
    ]
    title = (f"kill -9 of the primary under {options.clients} writing clients (promote_delay"
             f" {setting('HOWDAH_PROMOTE_DELAY')}, node_check_interval {setting('HOWDAH_NODE_CHECK_INTERVAL')},"
             f" synchronous_standby_names = '{options.names}')")
    return conclude(title, load, lines)


def quorum(scene: Scene, options: argparse.Namespace) -> int:
    """A load of rows one by one and a hundred a transaction; a replica is killed and comes back, then the primary."""
    herd, (victim, other) = scene.herd, scene.cluster.replicas[:2]
    load = scene.begin([1] * SINGLE + [100] * BULK, pace=0.002)
    phases = [("all three nodes", load.began)]
    load.wait_for_rows(LOAD_ROWS // 5)
    phases.append(("a replica is killed", herd.kill(victim)))
    load.wait_for_all()
    load.wait_for_rows(max(LOAD_ROWS * 2 // 5, load.rows + LOAD_ROWS // 10))
    phases.append(("it is started again", time.monotonic()))
    herd.start(victim)
    wait("both replicas to stream", lambda: herd.receivers(scene.cluster.primary) == 2)
    load.wait_for_rows(max(LOAD_ROWS * 3 // 5, load.rows + LOAD_ROWS // 10))
    phases.append(("the other gets no log", time.monotonic()))
    killed, choice = scene.lose_primary(other)
    phases.append(("the primary is killed", killed))
    load.wait_for_rows(max(LOAD_ROWS, load.rows + LOAD_ROWS // 5))
    end = time.monotonic()
    load.stop()

    times = load.times()
    failures = load.failures
    rows = []
    for (name, start), (_, stop) in zip(phases, [*phases[1:], ("", end)]):
        failed = [failure for failure in failures if start <= failure.at < stop]
        rows.append((name, f"{stop - start:.1f}", f"{load.rows_within(start, stop)}", f"{longest_pause(times, start, stop):.2f}",
                     by_state(failed)))
    title = (f"A load of {LOAD_ROWS} rows and more, {SINGLE} clients row by row, {BULK} by a hundred a transaction"
             f" (synchronous_standby_names = '{options.names}')")
    print(f"\n{title}\n")
    print(aligned(("phase", "s", "rows", "longest pause s", "failed"), rows, left=1))
    lines = [
        Line("longest that one client waited", f"{load.longest_wait():.2f} s"),
        *choice,
        *scene.promises(load, killed),
    ]
    return conclude("What became of it", load, lines)


PARTS: dict[str, Callable[[Scene, argparse.Namespace], int]] = {"promote": promote, "quorum": quorum}


def inside(part: str, options: argparse.Namespace) -> int:
    """One part, as the command of a demo whose nodes it may break."""
    cluster = from_environment()
    if cluster is None or len(cluster.replicas) < 2:
        raise BenchError("this part runs under `howdah demo` with two replicas")
    process.raise_descriptor_limit()
    scene = Scene(cluster, options.names)
    try:
        scene.prepare()
        return PARTS[part](scene, options)
    except BenchError:
        if scene.load:
            print(f"{part}: {scene.load.rows} rows acknowledged, {scene.load.closed} connections closed, failed:"
                  f" {by_state(scene.load.failures)}; {dict(scene.load.messages())}")
        for node in cluster.nodes:
            print(scene.herd.log(node))
        raise
    finally:
        if scene.load:
            scene.load.stopped.set()
        scene.herd.stop()


@contextlib.contextmanager
def demo(part: str, log: Path) -> Iterator[subprocess.Popen]:
    """This program again, under a demo of its own with the settings above."""
    binary = howdah_binary()
    if not os.access(binary, os.X_OK):
        raise BenchError(f"{binary} is not there: build it with `swift build -c release`, or set HOWDAH_BINARY")
    again = shlex.join([sys.executable, str(Path(sys.argv[0]).absolute()), *sys.argv[1:], "--inside", part])
    environment = howdah_environment({name: setting(name) for name in SETTINGS})
    with open(log, "ab") as output:
        running = subprocess.Popen([str(binary), "demo", "--port", "0", "--replicas", "2", "--exec", again],
                                   stdin=subprocess.DEVNULL, stderr=output, env=environment, start_new_session=True)
    try:
        yield running
    finally:
        process.stop(running, signal.SIGTERM, patience=60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench/scenarios/failover", description="A primary, and a replica, killed"
                                     " under clients that write through Howdah.")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one (may be repeated)")
    parser.add_argument("--clients", type=int, default=100, help="that write while the primary is killed")
    parser.add_argument("--seconds", type=float, default=5, help="of writing before the kill, and after it")
    parser.add_argument("--asynchronous", dest="names", action="store_const", const="", default=QUORUM,
                        help="without synchronous replication, to see that what is lost is noticed")
    parser.add_argument("--log", action="store_true", help="print what Howdah logged")
    parser.add_argument("--inside", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        try:
            return inside(options.inside, options)
        except BenchError as error:
            print(f"{options.inside}: {error}", flush=True)
            return 1
    return outside(options)


def outside(options: argparse.Namespace) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    status = 0
    try:
        with tempfile.TemporaryDirectory(prefix="howdah-bench-") as directory:
            for part in options.part or PARTS:
                log = Path(directory) / f"{part}.log"
                with demo(part, log) as running:
                    result = running.wait()
                if result or options.log:
                    print(f"What Howdah logged ({part}):\n{log.read_text(errors='replace')}")
                status = max(status, 1 if result else 0)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status
