"""The loads that every target is given."""

from dataclasses import dataclass
from pathlib import Path

from .pgbench import Load

MODES = ("simple", "extended", "prepared")
CLIENTS = (1, 8, 32, 100)
# The same 5 MB as many small rows and as few large ones: some proxies pay by the row, others by the byte.
LARGE_RESULTS = {"5 MB, 500 B rows": (10000, 500), "5 MB, 1 MB rows": (5, 1 << 20)}


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
    """Select-only in every mode and number of clients; unless quick, also those that stand alone."""
    found = [select_only(mode, count) for count in clients for mode in modes]
    if quick:
        return found
    found += [Workload("tpcb", Load(("-b", "tpcb-like"), mode, 16, 2)) for mode in modes if mode != "extended"]
    if "simple" in modes:
        for name, (rows, size) in LARGE_RESULTS.items():
            script = scratch / f"{rows}-rows.sql"
            script.write_text(f"SELECT repeat('x', {size}) FROM generate_series(1, {rows});\n")
            found.append(Workload(name, Load(("-f", str(script)), "simple", 8, 2)))
        # pgbench logs in with the whole thread waiting: a thread a client makes the log-ins concurrent.
        found.append(Workload("connect", Load(("-S",), "simple", 16, 16, connect_each=True), counts_logins=True))
    return found
