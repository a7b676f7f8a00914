"""bench/run: the whole benchmark, or its quick form."""

import argparse
import sys
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from . import goals, mallocs, memory, plot, profile, rounds, tables
from .cluster import REPOSITORY, Cluster
from .process import BenchError
from .session import within
from .targets import Proxy, Target, all_targets
from .workloads import CLIENTS, MODES, Workload, all_workloads

QUICK_TARGETS = ("direct", "howdah", "pgbouncer", "pgpool")
FULL_TARGETS = ("direct", "howdah-io_uring", "howdah-epoll", "pgbouncer", "pgbouncer-1.25", "haproxy", "pgpool")
IDLE_CLIENTS = 1000
# Each client of these is a server connection (and, of pgpool, a process), so a thousand would not fit the nodes.
IDLE_CLIENTS_OF = {"haproxy": 100, "pgpool": 100, "given": 100}
SERVERS_OF_OTHERS = 10
# The rounds of the quick form may take this long: with the check that the build is up to date, it ends within
# three minutes.
QUICK_BUDGET_SECONDS = 95
PROFILE_SECONDS = 4


def main() -> int:
    options = _parser().parse_args()
    return within(lambda cluster, scratch: _run(options, cluster, scratch))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench/run", description="Measures Howdah and its peers on the nodes of `howdah demo`, in interleaved"
        " rounds. Without HOWDAH_DEMO_PRIMARY in the environment it starts itself again under `howdah demo --exec`.")
    parser.add_argument("--quick", action="store_true", help="few targets, 32 clients, short: within three minutes")
    parser.add_argument("--targets", type=_words, help="of direct, given (what PGPORT names), howdah, howdah-io_uring,"
                        " howdah-epoll, before, pgbouncer, pgbouncer-1.25, haproxy, pgpool")
    parser.add_argument("--modes", type=_words, help="of simple, extended, prepared")
    parser.add_argument("--clients", type=_numbers, help="numbers of clients for select-only")
    parser.add_argument("--seconds", type=_positive, help="length of one measurement (quick 2, full 5)")
    parser.add_argument("--rounds", type=_positive, help="turns of each target (quick 3, full 5)")
    parser.add_argument("--idle-clients", type=_positive, default=IDLE_CLIENTS, help="clients to weigh memory with")
    parser.add_argument("--output", type=Path, help="directory for the CSV files and the plot")
    return parser


def _run(options: argparse.Namespace, cluster: Cluster, scratch: Path) -> int:
    began = time.monotonic()
    modes = options.modes or MODES
    if unknown := [mode for mode in modes if mode not in MODES]:
        raise BenchError(f"unknown mode {unknown[0]!r}; --modes takes {', '.join(MODES)}")
    chosen = _chosen(options.targets or (QUICK_TARGETS if options.quick else FULL_TARGETS),
                     all_targets(cluster, scratch), insist=options.targets is not None)
    workloads = all_workloads(scratch, modes, options.clients or ((32,) if options.quick else CLIENTS), options.quick)
    seconds = options.seconds or (2 if options.quick else 5)
    count = options.rounds or (3 if options.quick else 5)
    plan = _Plan(count, seconds, cluster.connection_limit() - SERVERS_OF_OTHERS,
                 QUICK_BUDGET_SECONDS if options.quick else None)
    samples = _all_rounds(chosen, workloads, plan, scratch)
    found = goals.Findings(rounds.medians(samples), _footprints(chosen, options), [], [])
    _look_inside(next((target for target in chosen if target.key.startswith("howdah")), None), found, scratch)

    print(f"\n{tables.results(found.rows)}\n" if found.rows else "\nnothing was measured\n")
    if found.footprints:
        print(f"memory (proportional set size; KB by client)\n\n{tables.footprints(found.footprints)}\n")
    if found.mallocs:
        print(f"heap allocations\n\n{mallocs.table(found.mallocs)}\n")
    for row in found.rows:
        if row.error:
            print(f"{row.label}, {_named(row.workload)}: {row.failures} failed: {row.error}")
    output = options.output or REPOSITORY / "bench/results" / time.strftime("%Y%m%d-%H%M%S")
    _write(output, samples, found)
    print(plot.draw(found.rows, output / "plot.png"))
    verdicts = goals.all_goals(found)
    print(f"\n{goals.table(verdicts)}\n")
    tables.write_rows(output / "goals.csv", ("goal", "limit", "measured", "met"), [astuple(goal) for goal in verdicts])
    print(f"results: {output} ({time.monotonic() - began:.0f} s)")
    return 0 if found.rows and not any(row.failures for row in found.rows) else 1


def _chosen(keys: tuple[str, ...], known: dict[str, Target], insist: bool) -> list[Target]:
    """The targets that can run here; asked for by name, one that cannot is an error, else a line."""
    chosen = []
    for key in keys:
        target = known.get(key)
        if target is None:
            variable = {"pgbouncer-1.25": "PGBOUNCER_125", "before": "BEFORE"}.get(key)
            if insist and variable is None:
                raise BenchError(f"unknown target {key!r}; --targets takes {', '.join(known)}")
            reason = f"{variable} does not name a binary"
        else:
            reason = target.missing()
        if reason is None:
            chosen.append(target)
        elif insist:
            raise BenchError(f"{key} cannot be measured: {reason}")
        else:
            print(f"without {key}: {reason}")
    return chosen


@dataclass(frozen=True)
class _Plan:
    """How many rounds of how long, the connections that a node has room for, and the seconds for all (None: any)."""

    rounds: int
    seconds: int
    room: int
    budget: float | None


def _all_rounds(chosen: list[Target], workloads: list[Workload], plan: _Plan, scratch: Path) -> list[rounds.Sample]:
    turns = [(workload, target) for workload in workloads for target in chosen if _fits(workload, target, plan.room)]
    samples = []
    began = time.monotonic()
    for number in range(1, plan.rounds + 1):
        took = time.monotonic() - began
        if plan.budget is not None and number > 1 and took * number / (number - 1) > plan.budget:
            _progress(f"{number - 1} rounds instead of {plan.rounds}: each takes {took / (number - 1):.0f} s\n")
            break
        for place, (workload, target) in enumerate(turns, 1):
            _progress(f"round {number} of {plan.rounds}, {place}/{len(turns)}: {_named(workload.key)}: {target.key}")
            samples.append(rounds.measure(target, workload, number, plan.seconds, scratch))
    _progress("")
    return samples


def _fits(workload: Workload, target: Target, room: int) -> bool:
    needed = target.servers_needed(workload.load.clients)
    if needed > room:
        _progress(f"without {target.key} in {_named(workload.key)}: it needs {needed} connections to a node, which"
                  f" has room for {room} (max_connections)\n")
    return needed <= room


def _named(key: tuple[str, str, int]) -> str:
    return f"{key[0]}, {key[1]}, {key[2]} clients"


def _footprints(chosen: list[Target], options: argparse.Namespace) -> list[memory.Footprint]:
    if options.quick:
        chosen = [target for target in chosen if target.key != "pgpool"]
    found = []
    for target in chosen:
        if target.key == "direct":
            continue
        clients = min(options.idle_clients, IDLE_CLIENTS_OF.get(target.key, options.idle_clients))
        _progress(f"memory with {clients} clients: {target.key}")
        found.append(memory.measure(target, clients))
    _progress("")
    return found


def _look_inside(howdah: Target | None, found: goals.Findings, scratch: Path) -> None:
    """Allocations and routing's share, of the first Howdah in the run; what cannot be had is said, not fatal."""
    if not isinstance(howdah, Proxy):
        return
    try:
        _progress("heap allocations")
        shim = mallocs.Shim(scratch)
        found.mallocs += mallocs.measure(mallocs.counted(howdah, shim), shim)
    except (BenchError, OSError) as error:
        _progress(f"heap allocations were not counted: {error}\n")
    if reason := profile.unavailable():
        _progress(f"routing's share was not measured: {reason}\n")
        return
    for mode in goals.ROUTING_PERCENT:
        try:
            _progress(f"routing's share, {mode}")
            found.shares.append(profile.measure(howdah, mode, 32, PROFILE_SECONDS, scratch))
        except (BenchError, OSError) as error:
            _progress(f"routing's share in {mode} mode was not measured: {error}\n")
    _progress("")


def _write(output: Path, samples: list[rounds.Sample], found: goals.Findings) -> None:
    output.mkdir(parents=True, exist_ok=True)
    tables.write_samples(output / "rounds.csv", samples)
    tables.write_samples(output / "medians.csv", found.rows)
    tables.write_rows(output / "memory.csv", ("target", "label", "clients", "empty_bytes", "idle_bytes",
                                              "queried_bytes", "prepared_bytes", "error"),
                      [astuple(row) for row in found.footprints])


def _progress(text: str) -> None:
    """One line that is written over on a terminal; whole lines elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text.rstrip(), file=sys.stderr, flush=True)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return value


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(word) for word in _words(text))
