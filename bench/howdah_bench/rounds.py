"""Interleaved rounds: every target has its turn in each round, so that a slow minute of the machine hits all alike."""

import statistics
from dataclasses import dataclass
from pathlib import Path

from . import pgbench, process
from .process import BenchError
from .targets import Running, Target
from .workloads import Workload

WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Sample:
    """One turn of one target: times in microseconds, `processor` by transaction (None where there is no proxy)."""

    target: str
    label: str
    workload: tuple[str, str, int]
    round: int
    tps: float
    p50: float | None
    p95: float | None
    p99: float | None
    processor: float | None
    failures: int
    error: str


@dataclass(frozen=True)
class Median:
    """The medians of one target's turns at one workload; failures are added up."""

    target: str
    label: str
    workload: tuple[str, str, int]
    rounds: int
    tps: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    processor: float | None
    failures: int
    error: str


def measure(target: Target, workload: Workload, number: int, seconds: int, scratch: Path) -> Sample:
    """One turn: start the target, warm it, run the load and stop it again. What fails is told in the sample."""
    label = target.label(workload.load.mode)
    try:
        with target.running(workload.load.mode, workload.load.clients) as running:
            return turn(target.key, label, running, workload, number, seconds, scratch)
    except (BenchError, OSError) as error:
        return Sample(target.key, label, workload.key, number, 0, None, None, None, None, 1, str(error))


def turn(key: str, label: str, running: Running, workload: Workload, number: int, seconds: int,
         scratch: Path) -> Sample:
    """One turn of a target that runs: warm it, and run the load."""
    load = workload.load
    warm = pgbench.run(running.endpoint, load, scratch, seconds=WARM_UP_SECONDS)
    if warm.failures:
        return Sample(key, label, workload.key, number, 0, None, None, None, None, warm.failures, warm.error)
    # What the log-ins (and one transaction each) cost is taken off, or a short run would blame them on the queries.
    first, taken_off = 0.0, 0
    if not workload.counts_logins and running.root is not None:
        before = process.processor_seconds(running.root)
        taken_off = pgbench.run(running.endpoint, load, scratch, each=1).transactions
        first = process.processor_seconds(running.root) - before
    before = process.processor_seconds(running.root) if running.root is not None else 0
    outcome = pgbench.run(running.endpoint, load, scratch, seconds=seconds, log=True)
    processor = None
    if running.root is not None and outcome.transactions > taken_off:
        spent = process.processor_seconds(running.root) - before
        processor = max(0.0, spent - first) * 1e6 / (outcome.transactions - taken_off)
    return Sample(key, label, workload.key, number, outcome.tps, outcome.percentile(50), outcome.percentile(95),
                  outcome.percentile(99), processor, outcome.failures, outcome.error)


def medians(samples: list[Sample]) -> list[Median]:
    """One row for each workload and target, in the order in which they were first met."""
    groups: dict[tuple, list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.workload, sample.target), []).append(sample)
    rows = []
    for turns in groups.values():
        def middle(name: str, good: list[Sample]) -> float | None:
            values = [getattr(turn, name) for turn in good]
            known = [value for value in values if value is not None]
            return statistics.median(known) if known else None

        # A turn that failed has not done its work; its figures would only look good.
        good = [turn for turn in turns if turn.failures == 0]
        rows.append(Median(turns[0].target, turns[0].label, turns[0].workload, len(good), middle("tps", good),
                           middle("p50", good), middle("p95", good), middle("p99", good), middle("processor", good),
                           sum(turn.failures for turn in turns), next((t.error for t in turns if t.error), "")))
    return rows
