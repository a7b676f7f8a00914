"""The share of Howdah's processor time that routing takes, by perf."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import pgbench
from .process import BenchError
from .targets import Target
from .workloads import select_only

# Module and type names as they stand in mangled symbols. A sample counts where any frame of its stack matches:
# what routing calls (the grammar, a hash, an allocation) is routing's cost.
ROUTING = re.compile(r"StatementRouting|[Cc]lassif|[Ll]exer|[Ff]ingerprint|[Rr]oute[rd]?(?![a-z])|Balanc|choose"
                     r"|pg_query|raw_parser|base_yy")
FREQUENCY = 997


@dataclass(frozen=True)
class Share:
    """Samples of one run, how many of them had routing on the stack, and which of its frames they had innermost."""

    mode: str
    samples: int
    routing: int
    top: list[tuple[str, int]]

    @property
    def percent(self) -> float:
        return 100 * self.routing / self.samples


def unavailable() -> str | None:
    """Why perf cannot be used here, or None."""
    if shutil.which("perf") is None:
        return "perf is not installed (apt-get install linux-perf)"
    done = subprocess.run(["perf", "record", "-q", "-o", "/dev/null", *_event(), "true"], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        return f"perf may not record here (kernel.perf_event_paranoid?): {done.stderr.strip().splitlines()[-1:]}"
    return None


def measure(target: Target, mode: str, clients: int, seconds: int, scratch: Path,
            pattern: re.Pattern[str] = ROUTING) -> Share:
    """Profiles the target under select-only; in simple mode each statement has a fresh literal."""
    load = select_only(mode, clients).load
    data = scratch / "perf.data"
    with target.running(mode, clients) as running:
        if running.root is None:
            raise BenchError("it is no proxy")
        warm = pgbench.run(running.endpoint, load, scratch, seconds=1)
        if warm.failures:
            raise BenchError(warm.error)
        # perf ends with the command that it is given, so its time is pgbench's, less the start.
        perf = subprocess.Popen(["perf", "record", "-q", "-F", str(FREQUENCY), "-g", *_event(), "-o", str(data),
                                 "-p", str(running.root), "--", "sleep", str(seconds)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            outcome = pgbench.run(running.endpoint, load, scratch, seconds=seconds)
            _, errors = perf.communicate(timeout=30)
        finally:
            if perf.poll() is None:
                perf.kill()
                perf.wait()
        if outcome.failures or perf.returncode != 0:
            raise BenchError(outcome.error or errors.strip())
        stacks = subprocess.run(["perf", "script", "-i", str(data), "-F", "ip,sym"], capture_output=True, text=True,
                                check=True).stdout
    return _share(mode, stacks, pattern)


def _event() -> list[str]:
    # Virtual machines often have no counter of cycles; the clock of the processor is everywhere.
    return ["-e", "cpu-clock"]


def _in_kernel(frame: str) -> bool:
    # The kernel routes too: its ip_route_… are not what is asked for. Its half of the addresses has the top bit set.
    return int(frame.split(None, 1)[0], 16) >= 1 << 63


def _share(mode: str, stacks: str, pattern: re.Pattern[str]) -> Share:
    samples = [stack.splitlines() for stack in stacks.split("\n\n") if stack.strip()]
    if not samples:
        raise BenchError("perf saw no sample of the proxy")
    routing: dict[str, int] = {}
    matching = 0
    for stack in samples:
        hit = next((line for line in stack if pattern.search(line) and not _in_kernel(line)), None)
        if hit:
            matching += 1
            symbol = hit.split(None, 1)[-1]
            routing[symbol] = routing.get(symbol, 0) + 1
    top = sorted(routing.items(), key=lambda item: -item[1])[:8]
    if not matching:
        raise BenchError(f"none of {len(samples)} samples shows a routing function: is the binary stripped, or has the"
                         " function another name (bench/routing-share --pattern)?")
    return Share(mode, len(samples), matching, top)
