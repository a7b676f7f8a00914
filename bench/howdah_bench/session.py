"""What all three programs share: the scratch directory, signals, and errors told in one line."""

import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import process
from .cluster import Cluster, here_or_under_demo
from .process import BenchError


def within(body: Callable[[Cluster, Path], int]) -> int:
    """Runs the body with the nodes prepared; whatever ends it, what was started is stopped and removed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        cluster = here_or_under_demo()
        process.raise_descriptor_limit()
        with tempfile.TemporaryDirectory(prefix="howdah-bench-") as directory:
            scratch = Path(directory)
            scratch.chmod(0o755)  # the peers run as another user
            cluster.prepare(scratch)
            return body(cluster, scratch)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)
