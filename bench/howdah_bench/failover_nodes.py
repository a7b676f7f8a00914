"""The nodes of a demo as their administrator sees them: made synchronous, killed outright, started again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import process
from .cluster import Cluster, Node
from .process import BenchError


def wait(subject: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"in vain for {seconds:g} s: {subject}")
        time.sleep(0.05)


class Herd:
    """The nodes of one `howdah demo`, which removes them at its end, those started again here among them."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.directories = {node: Path(self.value(node, "SHOW data_directory") or "") for node in cluster.nodes}
        self.started: list[subprocess.Popen] = []

    def value(self, node: Node, sql: str) -> str | None:
        with self.cluster.as_superuser(node) as client:
            return client.value(sql)

    def is_true(self, node: Node, sql: str) -> bool:
        try:
            return self.value(node, sql) == "t"
        except (OSError, BenchError):
            return False

    def synchronize(self, names: str) -> None:
        """Sets synchronous_standby_names on every node, and waits until the primary has its quorum of all replicas."""
        for node in self.cluster.nodes:
            with self.cluster.as_superuser(node) as client:
                client.rows(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
                client.rows("SELECT pg_reload_conf()")
        wait("synchronous replicas", lambda: self.is_true(self.cluster.primary, "SELECT count(*) ="
             f" {len(self.cluster.replicas)} FROM pg_stat_replication WHERE sync_state = 'quorum'"))
        for node in self.cluster.replicas:
            wait("the setting on the replicas",
                 lambda node=node: self.is_true(node, "SELECT current_setting('synchronous_standby_names') <> ''"))

    def receivers(self, node: Node) -> int:
        """Replicas that stream from the node."""
        return int(self.value(node, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") or 0)

    def stall(self, nodes: Sequence[Node]) -> None:
        """Stops what sends the primary's log to those replicas: they have nothing from now on."""
        for node in nodes:
            name = self.value(node, "SHOW cluster_name")
            sender = self.value(self.cluster.primary, "SELECT pid FROM pg_stat_replication WHERE application_name ="
                                f" '{name}'")
            os.kill(int(sender or 0), signal.SIGSTOP)

    def received(self, node: Node) -> int:
        """Bytes of the primary's log that the replica has."""
        return int(self.value(node, "SELECT pg_last_wal_receive_lsn() - '0/0'") or 0)

    def primaries(self) -> list[Node]:
        """The living nodes that say so of themselves."""
        return [node for node in self.cluster.nodes if self.is_true(node, "SELECT NOT pg_is_in_recovery()")]

    def _postmaster(self, node: Node) -> int:
        return int((self.directories[node] / "postmaster.pid").read_text().split()[0])

    def kill(self, node: Node) -> float:
        """SIGKILL to the postmaster and all its children; returns the time when they were sent."""
        postmaster = self._postmaster(node)
        # Standing still it starts no more of them.
        os.kill(postmaster, signal.SIGSTOP)
        members = process.family(postmaster)
        killed = time.monotonic()
        # All at once: between two calls of this process its clients' threads would have their turns.
        subprocess.run(["kill", "-KILL", *map(str, members)], stderr=subprocess.DEVNULL, check=False)
        wait("the killed processes to end", lambda: not any(map(_is_alive, members)))
        return killed

    def start(self, node: Node) -> None:
        """A killed node again, as its data directory was left."""
        directory = self.directories[node]
        # The demo has not waited for the killed postmaster, so that its number still seems to be in use in its lock
        # files: the fourth and fifth line of the first tell where the other is.
        lock = directory / "postmaster.pid"
        port, socket_directory = lock.read_text().splitlines()[3:5]
        lock.unlink()
        (Path(socket_directory) / f".s.PGSQL.{port}.lock").unlink()
        owner = directory.stat()
        identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with open(directory / "again.log", "ab") as log:
            # The working directory tells the demo that the process is one of its cluster's.
            self.started.append(subprocess.Popen(
                [_postgres(), "-D", str(directory)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=directory, start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, **identity))

    def log(self, node: Node) -> str:
        """The last lines of one that was started here."""
        path = self.directories[node] / "again.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-8:]) if path.exists() else ""

    def stop(self) -> None:
        """Those that were started here."""
        for postmaster in self.started:
            process.stop(postmaster, signal.SIGQUIT)


def _postgres() -> str:
    """The server program: the demo puts the directory of PostgreSQL's programs last into PATH."""
    for directory in reversed(os.environ.get("PATH", "").split(":")):
        program = os.path.join(directory, "postgres")
        if os.access(program, os.X_OK):
            return program
    raise BenchError("the server program of PostgreSQL is not in PATH")


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
