"""Running pgbench and reading what it says."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from .process import BenchError


@dataclass(frozen=True)
class Endpoint:
    """Where a load connects to."""

    host: str
    port: int
    user: str
    database: str


@dataclass(frozen=True)
class Load:
    """What pgbench is to do: `script` is its option for a built-in script, or a path after -f."""

    script: tuple[str, ...]
    mode: str
    clients: int
    jobs: int
    connect_each: bool = False
    sampling_rate: float = 1.0


@dataclass
class Outcome:
    """What one run of pgbench gave: latencies in microseconds (sampled), failures with their first text."""

    transactions: int
    tps: float
    failures: int
    error: str
    latencies: list[int] = field(default_factory=list)

    def percentile(self, percent: float) -> float | None:
        if not self.latencies:
            return None
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))]


def find(program: str) -> str:
    """A PostgreSQL program where Debian keeps each version's own (the newest), or on PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"),
                      key=lambda path: int(re.sub(r"\D.*", "", path.parts[4]) or 0))
    # Debian's /usr/bin/pgbench is a script that looks for the newest version anew each time.
    found = str(versions[-1]) if versions else shutil.which(program)
    if not found:
        raise BenchError(f"{program} is not installed: on Debian and Ubuntu, apt-get install postgresql")
    return found


def initialize(endpoint: Endpoint, scale: int, scratch: Path) -> None:
    """Creates and fills pgbench's tables."""
    done = subprocess.run([find("pgbench"), "-i", "-q", "-s", str(scale), endpoint.database], cwd=scratch,
                          env=_environment(endpoint), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise BenchError(f"pgbench -i failed: {done.stderr.strip()}")


def run(endpoint: Endpoint, load: Load, scratch: Path, seconds: float | None = None,
        each: int | None = None, log: bool = False) -> Outcome:
    """Runs for some whole seconds, or for a number of transactions of each client."""
    length = ["-T", str(seconds)] if seconds is not None else ["-t", str(each)]
    command = [find("pgbench"), "-n", *load.script, "-M", load.mode, "-c", str(load.clients), "-j", str(load.jobs),
               *length, *(["-C"] if load.connect_each else [])]
    with tempfile.TemporaryDirectory(dir=scratch, prefix="log-") as directory:
        if log:
            command += ["-l", "--log-prefix", f"{directory}/t"]
            if load.sampling_rate < 1:
                command += ["--sampling-rate", str(load.sampling_rate)]
        process = subprocess.Popen([*command, endpoint.database], cwd=directory, env=_environment(endpoint),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            output, errors = process.communicate(timeout=(seconds or 5) + 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Outcome(0, 0, load.clients, "pgbench did not end within a minute after its time")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return _outcome(output, errors, process.returncode, _latencies(Path(directory)) if log else [])


def _environment(endpoint: Endpoint) -> dict[str, str]:
    # Nobody here speaks TLS, and the request for it would be a round trip that only some count.
    return os.environ | {"PGHOST": endpoint.host, "PGPORT": str(endpoint.port), "PGUSER": endpoint.user,
                         "PGSSLMODE": "disable", "PGGSSENCMODE": "disable", "LC_ALL": "C"}


def _outcome(output: str, errors: str, status: int, latencies: list[int]) -> Outcome:
    def number(pattern: str) -> float:
        found = re.search(pattern, output)
        return float(found.group(1)) if found else 0

    complaints = [line for line in errors.splitlines() if "error:" in line or "aborted" in line]
    failures = int(number(r"number of failed transactions: (\d+)")) \
        + sum("aborted" in line and "client" in line for line in complaints)
    if status != 0:
        failures = max(failures, 1)
        complaints = complaints or errors.splitlines()[-1:] or [f"pgbench ended with status {status}"]
    return Outcome(int(number(r"transactions actually processed: (\d+)")), number(r"tps = ([\d.]+)"), failures,
                   complaints[0] if failures else "", sorted(latencies))


def _latencies(directory: Path) -> list[int]:
    """The third column of each line of each thread's log is the transaction's time in microseconds."""
    found = []
    for path in directory.iterdir():
        with open(path, encoding="ascii") as lines:
            for line in lines:
                value = line.split(None, 3)[2]
                if value.isdigit():
                    found.append(int(value))
    return found
