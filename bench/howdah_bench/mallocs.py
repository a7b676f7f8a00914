"""Heap allocations of Howdah by transaction in the steady state, counted by a preloaded shim."""

import copy
import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import wire
from .process import BenchError
from .tables import aligned
from .targets import Proxy, Running
from .workloads import MODES

CLIENTS = 32
WARM_UP_ROUNDS = 300
COUNTED_ROUNDS = 500
IDLE_SECONDS = 1.0
SHIM = Path(__file__).resolve().parents[1] / "malloc_count.c"
SELECT = "SELECT abalance FROM pgbench_accounts WHERE aid = "


@dataclass(frozen=True)
class Count:
    """Allocations by transaction in one mode, what the idle process does by the second already taken off."""

    mode: str
    transactions: int
    by_transaction: float
    idle_by_second: float


class Shim:
    """The compiled shim and the file in which it counts."""

    def __init__(self, scratch: Path):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise BenchError("no C compiler to build the allocation counter with (apt-get install gcc libc6-dev)")
        self._library = scratch / "malloc_count.so"
        self._file = scratch / "malloc_count"
        done = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(self._library), str(SHIM)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"the allocation counter did not compile: {done.stderr.strip()}")
        self.reset()

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "MALLOC_COUNT_FILE": str(self._file)}

    def reset(self) -> None:
        self._file.write_bytes(bytes(8))
        self._file.chmod(0o666)  # the counted process may run as another user

    def count(self) -> int:
        return struct.unpack("=Q", self._file.read_bytes())[0]


def counted(target: Proxy, shim: Shim) -> Proxy:
    """The same target with the shim preloaded."""
    plain = target.environment

    def environment(port: int) -> dict[str, str]:
        return (plain(port) or dict(os.environ)) | shim.environment

    twin = copy.copy(target)
    twin.environment = environment
    return twin


def measure(target: Proxy, shim: Shim) -> list[Count]:
    """Starts the target (one that `counted` gave) and counts in each mode, one query of each client at a time."""
    shim.reset()
    with target.running("prepared", CLIENTS) as running:
        if shim.count() == 0:
            raise BenchError("nothing was counted: a statically linked binary cannot be preloaded into")
        return [_count(running, mode, shim) for mode in MODES]


def _count(running: Running, mode: str, shim: Shim) -> Count:
    endpoint = running.endpoint
    clients = []
    try:
        for _ in range(CLIENTS):
            clients.append(wire.connect(endpoint.host, endpoint.port, endpoint.user, endpoint.database))
        messages = _loads(mode)
        if mode == "prepared":
            for index, client in enumerate(clients):
                # One text, so that equal statements may be shared; a name by client, as servers are shared.
                client.send(wire.parse(f"p{index}", f"{SELECT}$1") + wire.SYNC)
                client.until_ready()
        _rounds(clients, messages, WARM_UP_ROUNDS)
        before = shim.count()
        time.sleep(IDLE_SECONDS)
        idle = (shim.count() - before) / IDLE_SECONDS
        before, started = shim.count(), time.monotonic()
        _rounds(clients, messages, COUNTED_ROUNDS)
        counted = shim.count() - before - idle * (time.monotonic() - started)
    finally:
        for client in clients:
            client.close()
    transactions = CLIENTS * COUNTED_ROUNDS
    return Count(mode, transactions, counted / transactions, idle)


def _loads(mode: str) -> Callable[[int], bytes]:
    """The message of one transaction of a client; every literal and value is a fresh one."""
    source = random.Random(1)

    def fresh() -> str:
        return str(source.randint(1, 1_000_000))

    if mode == "simple":
        return lambda _: wire.query(SELECT + fresh())
    if mode == "extended":
        return lambda _: wire.parse("", f"{SELECT}$1") + wire.bind_execute("", [fresh()]) + wire.SYNC
    return lambda index: wire.bind_execute(f"p{index}", [fresh()]) + wire.SYNC


def _rounds(clients: list[wire.Client], message: Callable[[int], bytes], rounds: int) -> None:
    for _ in range(rounds):
        for index, client in enumerate(clients):
            client.send(message(index))
        for client in clients:
            client.until_ready()


def table(counts: list[Count]) -> str:
    return aligned(("mode", "transactions", "allocations by transaction", "by second when idle"),
                   [(count.mode, str(count.transactions), f"{count.by_transaction:.3f}",
                     f"{count.idle_by_second:.1f}") for count in counts], left=1)
