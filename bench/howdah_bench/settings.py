"""bench/settings: what session state costs: sessions with ten settings of their own, and pinned ones, against plain ones."""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

from . import rounds, tables
from .cluster import REPOSITORY, Cluster
from .goals import Goal
from .goals import table as goal_table
from .pgbench import Load
from .process import BenchError
from .session import within
from .targets import Howdah
from .workloads import Workload

SELECT = ("\\set aid random(1, 100000)", "SELECT abalance FROM public.pgbench_accounts WHERE aid = :aid;")
# Of each client its own values: `:client` is a number.
TEN_SETTINGS = (
    "SET work_mem = :kilobytes", "SET app.tenant = :client", "SET app.request = :kilobytes",
    "SET application_name = tenant_:client", "SET effective_cache_size = :kilobytes",
    "SET from_collapse_limit = :small", "SET join_collapse_limit = :small", "SET temp_buffers = :kilobytes",
    "SET search_path = tenant_:client, public", "SET geqo_threshold = :small",
)
TARGET_RATIO = 0.9


# Servers on each node. Howdah's default; less than the clients over all replicas; one for each client.
DEFAULT, SCARCE, ROOMY = "20 servers a node", "10 servers a node", "a server each"


@dataclass(frozen=True)
class Kind:
    """A kind of sessions: what each client runs once, before its first transaction."""

    name: str
    pool: str
    once: tuple[str, ...] = ()
    # The clients that share the same values; 1: each has its own.
    sharing: int = 1
    has_goal: bool = False

    @property
    def label(self) -> str:
        return f"{self.name}; {self.pool}"


KINDS = (
    Kind("none", DEFAULT),
    Kind("ten, 8 sets", DEFAULT, TEN_SETTINGS, sharing=4, has_goal=True),
    Kind("ten, each its own", DEFAULT, TEN_SETTINGS, has_goal=True),
    Kind("none", SCARCE),
    Kind("ten, 8 sets", SCARCE, TEN_SETTINGS, sharing=4),
    Kind("ten, each its own", SCARCE, TEN_SETTINGS),
    Kind("none", ROOMY),
    Kind("pinned", ROOMY, ("CREATE TEMP TABLE pin (a int)",)),
)


class SizedHowdah(Howdah):
    """With so many servers on each node."""

    def __init__(self, cluster: Cluster, scratch: Path, size: int):
        super().__init__(cluster, scratch, "auto")
        self.key = f"howdah-{size}"
        self._size = size

    def _pool_size(self) -> int:
        return self._size


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench/settings", description="Throughput and processor time of Howdah by what its sessions have set, in"
        " interleaved rounds. Without HOWDAH_DEMO_PRIMARY in the environment it starts itself again under"
        " `howdah demo --exec`.")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind of sessions")
    parser.add_argument("--output", type=Path, help="directory for the CSV files")
    options = parser.parse_args()
    return within(lambda cluster, scratch: _run(options, cluster, scratch))


def _run(options: argparse.Namespace, cluster: Cluster, scratch: Path) -> int:
    samples = []
    for pool, size in ((DEFAULT, 20), (SCARCE, 10), (ROOMY, options.clients + 2)):
        target = SizedHowdah(cluster, scratch, size)
        if reason := target.missing():
            raise BenchError(reason)
        samples += _measure(target, [kind for kind in KINDS if kind.pool == pool], options, scratch)
    rows = rounds.medians(samples)
    print(f"\n{table(rows)}\n")
    for row in rows:
        if row.error:
            print(f"{row.workload[0]}: {row.failures} failed: {row.error}")
    verdicts = goals(rows)
    print(f"{goal_table(verdicts)}\n")
    output = options.output or REPOSITORY / "bench/results" / time.strftime("settings-%Y%m%d-%H%M%S")
    output.mkdir(parents=True, exist_ok=True)
    tables.write_samples(output / "rounds.csv", samples)
    tables.write_samples(output / "medians.csv", rows)
    print(f"results: {output}")
    return 0 if not any(row.failures for row in rows) else 1


def _measure(target: SizedHowdah, kinds: list[Kind], options: argparse.Namespace,
             scratch: Path) -> list[rounds.Sample]:
    """All turns over one proxy. The first round only warms it: servers are opened, and each takes time to map what it reads."""
    samples = []
    with target.running("simple", options.clients) as running:
        for number in range(options.rounds + 1):
            for kind in kinds:
                load = workload(kind, options.clients, scratch)
                sample = rounds.turn(target.key, "howdah", running, load, number, options.seconds, scratch)
                if number > 0:
                    samples.append(sample)
    return samples


def workload(kind: Kind, clients: int, scratch: Path) -> Workload:
    """Select-only by literals, since SET takes no parameters."""
    lines = list(SELECT)
    if kind.once:
        values = ("\\set client :client_id / " + str(kind.sharing), "\\set kilobytes 1024 + 64 * :client",
                  "\\set small 8 + :client")
        lines = ["\\if :is_set = 0", *values, *(f"{statement};" for statement in kind.once), "\\set is_set 1",
                 "\\endif", *lines]
    script = scratch / f"settings-{KINDS.index(kind)}.sql"
    script.write_text("\n".join(lines) + "\n")
    load = Load(("-D", "is_set=0", "-f", str(script)), "simple", clients, min(2, clients), sampling_rate=0.1)
    return Workload(kind.label, load)


def table(rows: list[rounds.Median]) -> str:
    """Ratios against the sessions without settings."""
    headings = ("sessions", "clients", "tps", "tps ×", "p50 ms", "p95 ms", "p99 ms", "cpu µs", "cpu ×", "failed")

    def shown(value: float | None, digits: int = 2, by: float = 1) -> str:
        return "–" if value is None else f"{value / by:,.{digits}f}"

    return tables.aligned(headings, [
        (row.workload[0], str(row.workload[2]), shown(row.tps, 0), shown(tables.ratio(row.tps, base(rows, row).tps)),
         *(shown(value, 2, 1000) for value in (row.p50, row.p95, row.p99)), shown(row.processor, 1),
         shown(tables.ratio(row.processor, base(rows, row).processor)), str(row.failures)) for row in rows], left=1)


def base(rows: list[rounds.Median], row: rounds.Median) -> rounds.Median:
    """The sessions without settings over as many servers."""
    pool = next(kind.pool for kind in KINDS if kind.label == row.workload[0])
    return next(other for other in rows if other.workload[0] == Kind("none", pool).label)


def goals(rows: list[rounds.Median]) -> list[Goal]:
    """Sessions with settings keep their throughput."""
    by_name = {row.workload[0]: row for row in rows}
    found = []
    for kind in KINDS:
        if not kind.has_goal:
            continue
        row = by_name[kind.label]
        value = tables.ratio(row.tps, base(rows, row).tps)
        found.append(Goal(f"tps of sessions with settings ({kind.label}) of those without", f"≥ {TARGET_RATIO}",
                          "–" if value is None else f"{value:.2f}", None if value is None else value >= TARGET_RATIO))
    return found
