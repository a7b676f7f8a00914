"""The loads that every target is given."""

from dataclasses import dataclass
from pathlib import Path

from .pgbench import Load

MODES = ("simple", "extended", "prepared")
CLIENTS = (1, 8, 32, 100)
LARGE_RESULT = "SELECT repeat('x', 500) FROM generate_series(1, 10000);\n"


@dataclass(frozen=True)
class Workload:
    """A load with its name in tables. `counts_logins`: the log-in is part of each transaction's cost."""

    name: str
    load: Load
    counts_logins: bool = False

    @property
    def key(self) -> tuple[str, str, int]:
        return self.name, self.load.mode, self.load.clients


def select_only(mode: str, clients: int) -> Workload:
    return Workload("select", Load(("-S",), mode, clients, min(2, clients), sampling_rate=0.1))


def all_workloads(scratch: Path, modes: tuple[str, ...], clients: tuple[int, ...], quick: bool) -> list[Workload]:
    """Select-only in every mode and number of clients; unless quick, also the four that stand alone."""
    found = [select_only(mode, count) for count in clients for mode in modes]
    if quick:
        return found
    script = scratch / "large-result.sql"
    script.write_text(LARGE_RESULT)
    found += [Workload("tpcb", Load(("-b", "tpcb-like"), mode, 16, 2)) for mode in modes if mode != "extended"]
    if "simple" in modes:
        found.append(Workload("5 MB result", Load(("-f", str(script)), "simple", 8, 2)))
        # pgbench logs in with the whole thread waiting: a thread a client makes the log-ins concurrent.
        found.append(Workload("connect", Load(("-S",), "simple", 16, 16, connect_each=True), counts_logins=True))
    return found
