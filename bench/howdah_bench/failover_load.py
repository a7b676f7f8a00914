"""Clients that write through the proxy, never connect again, and keep account of what was acknowledged to them."""

import collections
import importlib.util
import subprocess
import sys
import threading
import time
import venv
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .cluster import REPOSITORY
from .process import BenchError

TABLE = "CREATE TABLE written (client int, number int, item int, PRIMARY KEY (client, number, item))"
# Nothing of it took effect (docs/FAILOVER.md): the same rows are written again, and must not be there yet.
RETRY = "40001"


def driver() -> ModuleType:
    """psycopg 3: this interpreter's, that of a virtual environment in .build, or else a new one's."""
    if importlib.util.find_spec("psycopg") is None:
        library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        build = REPOSITORY / ".build"
        places = [place for place in (build / "venv", build / "patroni-venv", build / "bench-venv")
                  if (place / library / "psycopg").is_dir()]
        if not places:
            places = [_installed(build / "bench-venv")]
        sys.path.insert(0, str(places[0] / library))
        importlib.invalidate_caches()
    import psycopg  # noqa: PLC0415

    return psycopg


def _installed(place: Path) -> Path:
    print("installing psycopg from PyPI", flush=True)
    venv.create(place, with_pip=True)
    command = [str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "psycopg[binary]"]
    if subprocess.run(command, check=False).returncode:
        raise BenchError("psycopg could not be installed: pip install 'psycopg[binary]'")
    return place


@dataclass(frozen=True)
class Failure:
    """A statement or transaction that was not acknowledged; `state` is "none" where the driver had no SQLSTATE."""

    state: str
    client: int
    number: int
    at: float


class Writer:
    """One client: `rows` rows at a time, a single one with no transaction around it, several in one."""

    def __init__(self, load: "Load", index: int, rows: int):
        self.load = load
        self.index = index
        self.rows = rows
        self.times = array("d")
        self.acknowledged: list[int] = []
        self.failures: list[Failure] = []
        self.messages: collections.Counter[str] = collections.Counter()
        # How long a write took, acknowledged or not, and when it began.
        self.longest = (0.0, 0.0)
        self.is_closed = False
        self.connection = load.psycopg.connect(load.dsn, autocommit=True)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        number = 0
        while not self.load.stopped.is_set():
            began = time.monotonic()
            error = self._attempt(number)
            ended = time.monotonic()
            self.longest = max(self.longest, (ended - began, began))
            if error is None:
                self.acknowledged.append(number)
                self.times.append(ended)
                number += 1
                time.sleep((self.rows + 1) // 2 * self.load.pace)
                continue
            state = error.sqlstate or "none"
            self.failures.append(Failure(state, self.index, number, ended))
            detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
            self.messages[f"{state}: {str(error).splitlines()[0]}{detail}"] += 1
            if not self._goes_on():
                self.is_closed = True
                break
            if state != RETRY:
                number += 1
        self.connection.close()

    def _attempt(self, number: int) -> Exception | None:
        try:
            if self.rows == 1:
                self.connection.execute("INSERT INTO written VALUES (%s, %s, 0)", (self.index, number))
            else:
                rows = [(self.index, number, item) for item in range(self.rows)]
                half = self.rows // 2
                with self.connection.transaction(), self.connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO written VALUES (%s, %s, %s)", rows[:half])
                    time.sleep(half * self.load.pace)
                    cursor.executemany("INSERT INTO written VALUES (%s, %s, %s)", rows[half:])
        except self.load.psycopg.Error as error:
            return error
        return None

    def _goes_on(self) -> bool:
        """Whether the connection still serves after an error."""
        if self.connection.closed:
            return False
        try:
            self.connection.rollback()
        except self.load.psycopg.Error as error:
            self.messages[f"ROLLBACK: {error}"] += 1
        return not self.connection.closed


class Load:
    """Writers at work from the start until `stop`.

    `sizes` has the rows of a transaction for each; `pace` is how many seconds a writer rests for each row, half
    of them within the transaction where there is one.
    """

    def __init__(self, psycopg: ModuleType, dsn: str, sizes: Sequence[int], pace: float = 0):
        self.psycopg = psycopg
        self.dsn = dsn
        self.pace = pace
        self.stopped = threading.Event()
        self.writers = [Writer(self, index, rows) for index, rows in enumerate(sizes)]
        self.began = time.monotonic()
        for writer in self.writers:
            writer.thread.start()

    @property
    def rows(self) -> int:
        """Acknowledged so far."""
        return sum(len(writer.times) * writer.rows for writer in self.writers)

    @property
    def failures(self) -> list[Failure]:
        return sorted((failure for writer in self.writers for failure in writer.failures), key=lambda each: each.at)

    @property
    def closed(self) -> int:
        return sum(writer.is_closed for writer in self.writers)

    def messages(self) -> collections.Counter[str]:
        return sum((writer.messages for writer in self.writers), collections.Counter())

    def wait_for_rows(self, rows: int, seconds: float = 90) -> None:
        """Until so many are acknowledged."""
        deadline = time.monotonic() + seconds
        while self.rows < rows:
            if time.monotonic() > deadline:
                raise BenchError(f"only {self.rows} of {rows} rows were acknowledged in {seconds:g} s")
            if not any(writer.thread.is_alive() for writer in self.writers):
                raise BenchError("every client's connection was closed")
            time.sleep(0.02)

    def wait_for_all(self, seconds: float = 90) -> None:
        """Until every client that still has its connection has begun a write from now on that was acknowledged."""
        # The first may have been acknowledged before, and not been noticed yet.
        waiting = {writer: len(writer.times) + 1 for writer in self.writers}
        deadline = time.monotonic() + seconds
        while waiting := {writer: count for writer, count in waiting.items()
                          if writer.thread.is_alive() and len(writer.times) <= count}:
            if time.monotonic() > deadline:
                raise BenchError(f"{len(waiting)} clients have not written for {seconds:g} s")
            time.sleep(0.02)

    def stop(self) -> None:
        self.stopped.set()
        deadline = time.monotonic() + 60
        for writer in self.writers:
            writer.thread.join(max(0, deadline - time.monotonic()))
        if any(writer.thread.is_alive() for writer in self.writers):
            raise BenchError("clients still wait for an answer after 60 s")

    # What follows is for after `stop`.

    def acknowledged(self) -> set[tuple[int, int]]:
        """(client, number) of each."""
        return {(writer.index, number) for writer in self.writers for number in writer.acknowledged}

    def times(self) -> list[float]:
        """When each write was acknowledged, in order."""
        return sorted(moment for writer in self.writers for moment in writer.times)

    def rows_within(self, start: float, end: float) -> int:
        """Acknowledged in that time."""
        return sum(writer.rows for writer in self.writers for moment in writer.times if start <= moment < end)

    def longest_wait(self) -> float:
        return max(writer.longest[0] for writer in self.writers)


def longest_pause(times: Sequence[float], start: float, end: float) -> float:
    """The longest time within [start, end] in which nobody's write was acknowledged."""
    moments = [start, *(moment for moment in times if start <= moment <= end), end]
    return max(late - early for early, late in zip(moments, moments[1:]))


def rate(times: Sequence[float], start: float, end: float) -> float:
    """Acknowledged writes a second."""
    return sum(start <= moment < end for moment in times) / max(0.001, end - start)


def half_rate_after(times: Sequence[float], moment: float, usual: float, window: float = 0.5) -> float | None:
    """How long after `moment` begins the first window that has half of the usual rate."""
    later = [each for each in times if each >= moment]
    wanted = int(usual * window / 2)
    for first, last in zip(later, later[max(0, wanted - 1):]):
        if last - first <= window:
            return first - moment
    return None
