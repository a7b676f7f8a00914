"""What Howdah set out to reach, against what was measured in this run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .mallocs import Count
from .memory import Footprint
from .profile import Share
from .rounds import Median
from .tables import aligned, ratio
from .targets import kernel_allows_io_uring
from .workloads import MODES

BUSY = (32, 100)
ROUTING_PERCENT = {"prepared": 3.0, "simple": 6.0}
IDLE_CLIENT_BYTES = 3 * 1024
# A count below this is a timer's or a statistic's, not a query's.
MALLOCS_BY_TRANSACTION = 0.005


@dataclass(frozen=True)
class Goal:
    """One goal with the worst figure met for it; `met` is None where nothing was measured."""

    text: str
    limit: str
    measured: str
    met: bool | None


@dataclass
class Findings:
    """All that one run of the bench has found; what was not asked for is empty."""

    rows: list[Median]
    footprints: list[Footprint]
    mallocs: list[Count]
    shares: list[Share]

    def row(self, target: str, workload: tuple[str, str, int]) -> Median | None:
        return next((row for row in self.rows if row.target == target and row.workload == workload and row.rounds),
                    None)

    def workloads(self, modes: Iterable[str]) -> list[tuple[str, str, int]]:
        found = dict.fromkeys(row.workload for row in self.rows)
        return [key for key in found if key[0] == "select" and key[1] in modes and key[2] in BUSY]

    def howdahs(self) -> list[str]:
        """The variants of Howdah in this run."""
        return list(dict.fromkeys(row.target for row in self.rows if row.target.startswith("howdah")))

    def bouncer(self, workload: tuple[str, str, int]) -> Median | None:
        """PgBouncer in transaction mode: for prepared statements a newer one, if it takes part."""
        newer = self.row("pgbouncer-1.25", workload) if workload[1] == "prepared" else None
        return newer or self.row("pgbouncer", workload) or self.row("pgbouncer-1.25", workload)


def all_goals(found: Findings) -> list[Goal]:
    goals = []
    for key in found.howdahs():
        by_epoll = key == "howdah-epoll" or (key == "howdah" and not kernel_allows_io_uring())
        cap = 0.9 if by_epoll else 0.75
        name = key.replace("howdah-", "")
        goals += [
            _worst(f"cpu by transaction of pgbouncer's, 32 and 100 clients, {name}", cap, False,
                   _ratios(found, key, MODES, "processor", found.bouncer)),
            _worst(f"cpu by transaction of pgpool's, {name}", 0.3, False,
                   _ratios(found, key, MODES, "processor", lambda w: found.row("pgpool", w))),
            _worst(f"tps of pgbouncer's, {name}", 1.1, True,
                   _ratios(found, key, MODES, "tps", found.bouncer)),
            _worst(f"tps of pgpool's, simple, {name}", 2, True,
                   _ratios(found, key, ("simple",), "tps", lambda w: found.row("pgpool", w))),
            _worst(f"tps of pgpool's, prepared, {name}", 3, True,
                   _ratios(found, key, ("prepared",), "tps", lambda w: found.row("pgpool", w))),
            _worst(f"tps prepared of simple, {name}", 1.15, True,
                   _ratios(found, key, ("prepared",), "tps",
                           lambda w, key=key: found.row(key, (w[0], "simple", w[2])))),
        ]
    failures = sum(row.failures for row in found.rows if row.target.startswith("howdah"))
    goals.append(Goal("failed transactions through howdah", "0", str(failures),
                      failures == 0 if found.howdahs() else None))
    return goals + _memory(found) + _mallocs(found) + _routing(found)


def table(goals: list[Goal]) -> str:
    verdicts = {True: "met", False: "MISSED", None: "not measured"}
    return aligned(("goal", "limit", "measured (worst)", "verdict"),
                   [(goal.text, goal.limit, goal.measured, verdicts[goal.met]) for goal in goals], left=3)


def _ratios(found: Findings, key: str, modes: Iterable[str], column: str,
            other: Callable[[tuple[str, str, int]], Median | None]) -> list[tuple[float, str]]:
    """The ratio in each workload where both were measured, with where that is and against whom."""
    ratios = []
    for workload in found.workloads(modes):
        ours, theirs = found.row(key, workload), other(workload)
        if ours is None or theirs is None:
            continue
        value = ratio(getattr(ours, column), getattr(theirs, column))
        if value is not None:
            against = f" against {theirs.label}" if "(session)" in theirs.label else ""
            ratios.append((value, f"{workload[1]} at {workload[2]}{against}"))
    return ratios


def _worst(text: str, limit: float, at_least: bool, ratios: list[tuple[float, str]]) -> Goal:
    bound = f"{'≥' if at_least else '≤'} {limit:g}"
    if not ratios:
        return Goal(text, bound, "–", None)
    value, where = min(ratios) if at_least else max(ratios)
    return Goal(text, bound, f"{value:.2f} ({where})", value >= limit if at_least else value <= limit)


def _memory(found: Findings) -> list[Goal]:
    ours = [row for row in found.footprints if row.target.startswith("howdah") and row.idle is not None]
    theirs = next((row for row in found.footprints if row.target == "pgbouncer" and row.idle is not None), None)
    worst = max((row.idle for row in ours), default=None)
    shown = "–" if worst is None else f"{worst / 1024:.2f} KB"
    goals = [Goal("memory by idle client", "< 3 KB", shown, None if worst is None else worst < IDLE_CLIENT_BYTES)]
    limit = f"≤ {theirs.idle / 1024:.2f} KB" if theirs else "≤ pgbouncer's"
    goals.append(Goal("memory by idle client, pgbouncer's", limit, shown,
                      None if worst is None or theirs is None else worst <= theirs.idle))
    return goals


def _mallocs(found: Findings) -> list[Goal]:
    worst = max(found.mallocs, key=lambda count: count.by_transaction, default=None)
    if worst is None:
        return [Goal("heap allocations by transaction", "0", "–", None)]
    return [Goal("heap allocations by transaction", "0", f"{worst.by_transaction:.3f} ({worst.mode})",
                 worst.by_transaction < MALLOCS_BY_TRANSACTION)]


def _routing(found: Findings) -> list[Goal]:
    shares = {share.mode: share for share in found.shares}
    goals = []
    for mode, limit in ROUTING_PERCENT.items():
        share = shares.get(mode)
        goals.append(Goal(f"routing's share of cpu, {mode}", f"≤ {limit:g} %",
                          f"{share.percent:.1f} %" if share else "–", share.percent <= limit if share else None))
    return goals
