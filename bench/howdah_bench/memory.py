"""Resident memory of a proxy by idle client: proportional set size with many clients, less that after a few have gone."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from . import process, wire
from .process import BenchError
from .targets import Running, Target

BATCH = 200
FIRST = 20
STATEMENTS = 5


@dataclass(frozen=True)
class Footprint:
    """Bytes: of the whole proxy before, and by client once logged in, after a query, after five statements each."""

    target: str
    label: str
    clients: int
    empty: int = 0
    idle: float | None = None
    queried: float | None = None
    prepared: float | None = None
    error: str = ""


def measure(target: Target, clients: int) -> Footprint:
    """Opens so many clients at the target and weighs it after each step."""
    label = target.label("simple")
    try:
        with target.running("simple", clients) as running:
            if running.root is None:
                raise BenchError("it is no proxy")
            return _weigh(target.key, label, running, clients)
    except (BenchError, OSError) as error:
        return Footprint(target.key, label, clients, error=str(error))


def _weigh(key: str, label: str, running: Running, count: int) -> Footprint:
    ask = wire.query("SELECT abalance FROM pgbench_accounts WHERE aid = 1")
    # A few come and go first: the buffers that all share are the proxy's, and no client's.
    first = [_begin(running) for _ in range(FIRST)]
    for client in first:
        client.until_ready()
    _each(first, lambda _: ask)
    for client in first:
        client.close()
    empty = _settled(running.root)
    clients: list[wire.Client] = []
    try:
        for start in range(0, count, BATCH):
            batch = [_begin(running) for _ in range(min(BATCH, count - start))]
            clients += batch
            for client in batch:
                client.until_ready()
        steps = [_settled(running.root)]
        _each(clients, lambda _: ask)
        steps.append(_settled(running.root))
        _each(clients, _statements)
        steps.append(_settled(running.root))
    finally:
        for client in clients:
            client.close()
    idle, queried, prepared = ((bytes_ - empty) / count for bytes_ in steps)
    return Footprint(key, label, count, empty, idle, queried, prepared)


def _begin(running: Running) -> wire.Client:
    endpoint = running.endpoint
    return wire.Client(endpoint.host, endpoint.port, endpoint.user, endpoint.database)


def _statements(index: int) -> bytes:
    # The same texts for all clients, as an application's are; names of their own, so that a proxy which
    # passes them through to a shared server meets no statement of that name there.
    texts = (f"SELECT abalance + {number} FROM pgbench_accounts WHERE aid = $1" for number in range(STATEMENTS))
    return b"".join(wire.parse(f"c{index}_{number}", text) for number, text in enumerate(texts)) + wire.SYNC


def _each(clients: list[wire.Client], messages: Callable[[int], bytes]) -> None:
    for start in range(0, len(clients), BATCH):
        batch = range(start, min(start + BATCH, len(clients)))
        for index in batch:
            clients[index].send(messages(index))
        for index in batch:
            clients[index].until_ready()


def _settled(root: int) -> int:
    """The size once two looks in a row agree to a hundredth, or after three seconds."""
    deadline = time.monotonic() + 3
    size = process.proportional_set_bytes(root)
    while time.monotonic() < deadline:
        time.sleep(0.25)
        again = process.proportional_set_bytes(root)
        if abs(again - size) * 100 <= size:
            return again
        size = again
    return size
