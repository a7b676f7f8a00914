"""What a load can be sent to: the primary itself, Howdah, and its peers, each started for one measurement."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import process, wire
from .cluster import Cluster, howdah_binary, howdah_environment
from .pgbench import Endpoint
from .process import BenchError

POOL_SIZE = 20
START_PATIENCE = 15.0


@dataclass(frozen=True)
class Running:
    """A target that answers: where, and the process to weigh (None for the primary itself, which is no proxy)."""

    endpoint: Endpoint
    root: int | None


class Target:
    """One thing to measure. `key` is what --targets takes; `label` is what tables show."""

    key: str

    def __init__(self, cluster: Cluster, scratch: Path):
        self.cluster = cluster
        self.scratch = scratch

    def label(self, mode: str) -> str:
        """The name in tables: it tells where a mode needs another set-up."""
        return self.key

    def missing(self) -> str | None:
        """Why this target cannot run here, or None."""
        return None

    def servers_needed(self, clients: int) -> int:
        """The most connections that it may open to one node."""
        return clients

    @contextmanager
    def running(self, mode: str, clients: int) -> Iterator[Running]:
        """Runs it for as long as the body lasts, tuned for that mode and number of clients."""
        raise NotImplementedError


class Direct(Target):
    """The primary, with nothing between."""

    key = "direct"

    @contextmanager
    def running(self, mode: str, clients: int) -> Iterator[Running]:
        yield Running(self._endpoint(self.cluster.primary.port), None)

    def _endpoint(self, port: int) -> Endpoint:
        return Endpoint(self.cluster.primary.host, port, self.cluster.user, self.cluster.database)


class GivenProxy(Target):
    """The proxy that PGHOST and PGPORT name: the one of `howdah demo`, or any other that is to be measured."""

    key = "given"

    def missing(self) -> str | None:
        return None if os.environ.get("PGPORT") else "PGPORT is not set"

    @contextmanager
    def running(self, mode: str, clients: int) -> Iterator[Running]:
        port = int(os.environ["PGPORT"])
        root = int(os.environ.get("HOWDAH_PID", "0")) or process.listener(port)
        if root is None:
            raise BenchError(f"no process of this machine listens on port {port}: set HOWDAH_PID")
        yield Running(Endpoint(os.environ.get("PGHOST", "127.0.0.1"), port, self.cluster.user,
                               self.cluster.database), root)


class Proxy(Target):
    """A proxy that the bench starts itself, with a generated configuration in a directory of its own."""

    stop_signal = signal.SIGTERM
    drops_root = True

    def command(self, directory: Path, port: int, mode: str, clients: int) -> list[str]:
        """Writes the configuration and gives the command that runs it in the foreground."""
        raise NotImplementedError

    def environment(self, port: int) -> dict[str, str] | None:
        return None

    def database(self, mode: str) -> str:
        return self.cluster.database

    def splits(self) -> bool:
        """Whether reads are to reach a replica before a measurement may begin."""
        return False

    @contextmanager
    def running(self, mode: str, clients: int) -> Iterator[Running]:
        user = process.unprivileged_user() if self.drops_root else None
        directory = Path(tempfile.mkdtemp(dir=self.scratch, prefix=f"{self.key}-"))
        port = process.free_port()
        command = self.command(directory, port, mode, clients)
        process.give_to(directory, user)
        log = directory / "log"
        server = process.start(command, log, self.stop_signal, user, self.environment(port), directory)
        try:
            endpoint = Endpoint("127.0.0.1", port, self.cluster.user, self.database(mode))
            self._wait_until_ready(server, endpoint, log)
            yield Running(endpoint, server.pid)
            if server.poll() is not None:
                raise BenchError(f"{self.key} ended by itself: {_tail(log)}")
        finally:
            process.stop(server, self.stop_signal)
            shutil.rmtree(directory, ignore_errors=True)

    def _wait_until_ready(self, server: subprocess.Popen, endpoint: Endpoint, log: Path) -> None:
        # Not in_hot_standby and its like: what tells of the connection as a whole is the primary's to answer.
        probe = "SELECT current_setting('cluster_name')" if self.splits() else "SELECT 'any'"
        deadline = time.monotonic() + START_PATIENCE
        while True:
            failure = "no read has reached a replica"
            try:
                with wire.connect(endpoint.host, endpoint.port, endpoint.user, endpoint.database, 5) as client:
                    if client.value(probe) != "primary":
                        return
            except (OSError, BenchError) as error:
                failure = str(error)
            if server.poll() is not None:
                raise BenchError(f"{self.key} did not start: {_tail(log)}")
            if time.monotonic() > deadline:
                raise BenchError(f"{self.key} was not ready in {START_PATIENCE:g} s ({failure}): {_tail(log)}")
            time.sleep(0.05)


class Howdah(Proxy):
    """Howdah over all nodes, splitting on, with one of its pollers."""

    drops_root = False

    def __init__(self, cluster: Cluster, scratch: Path, io_method: str, before: Path | None = None):
        super().__init__(cluster, scratch)
        self.io_method = io_method
        self.key = "before" if before else f"howdah-{io_method}" if io_method != "auto" else "howdah"
        self._binary = before or howdah_binary()

    def label(self, mode: str) -> str:
        return self.key if self.io_method == "auto" else f"howdah ({self.io_method})"

    def missing(self) -> str | None:
        if not os.access(self._binary, os.X_OK):
            return f"{self._binary} is not there (swift build -c release, HOWDAH_BINARY or BEFORE)"
        if self.io_method == "io_uring" and not kernel_allows_io_uring():
            return "this kernel or container forbids io_uring"
        return None

    def servers_needed(self, clients: int) -> int:
        return self._pool_size()

    def _pool_size(self) -> int:
        """Servers on each node: as many that read, over all replicas, as pgbouncer has on the primary."""
        return POOL_SIZE // max(1, len(self.cluster.replicas))

    def splits(self) -> bool:
        return bool(self.cluster.replicas)

    def environment(self, port: int) -> dict[str, str] | None:
        return howdah_environment({
            "HOWDAH_LISTEN_ADDRESSES": "127.0.0.1",
            "HOWDAH_LISTEN_PORT": str(port),
            "HOWDAH_AUTH_TYPE": "trust",
            "HOWDAH_MONITOR_USER": self.cluster.primary.superuser,
            "HOWDAH_IO_METHOD": self.io_method,
            "HOWDAH_POOL_SIZE": str(self._pool_size()),
        })

    def command(self, directory: Path, port: int, mode: str, clients: int) -> list[str]:
        nodes = [f"host={node.host} port={node.port}" for node in self.cluster.nodes]
        return [str(self._binary), "run", *(word for node in nodes for word in ("--node", node))]


class PgBouncer(Proxy):
    """PgBouncer in front of the primary: transaction mode, but session mode for prepared statements before 1.21."""

    stop_signal = signal.SIGINT

    def __init__(self, cluster: Cluster, scratch: Path, binary: str | None, key: str):
        super().__init__(cluster, scratch)
        self.key = key
        self.binary = binary
        self.version = _version([binary, "--version"]) if binary else ()

    def label(self, mode: str) -> str:
        name = f"pgbouncer {'.'.join(map(str, self.version[:2]))}"
        return name + " (session)" if self._by_session(mode) else name

    def missing(self) -> str | None:
        return None if self.binary else "pgbouncer is not installed (apt-get install pgbouncer)"

    def servers_needed(self, clients: int) -> int:
        return max(POOL_SIZE, clients + 2)

    def _by_session(self, mode: str) -> bool:
        return mode == "prepared" and self.version < (1, 21)

    def command(self, directory: Path, port: int, mode: str, clients: int) -> list[str]:
        node, user = self.cluster.primary, self.cluster.user
        by_session = self._by_session(mode)
        (directory / "users.txt").write_text(f'"{user}" ""\n')
        (directory / "pgbouncer.ini").write_text("\n".join([
            "[databases]",
            f"{self.cluster.database} = host={node.host} port={node.port}",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {port}",
            "unix_socket_dir =",
            "auth_type = trust",
            f"auth_file = {directory}/users.txt",
            f"pool_mode = {'session' if by_session else 'transaction'}",
            f"default_pool_size = {clients + 2 if by_session else POOL_SIZE}",
            "max_client_conn = 5000",
            "ignore_startup_parameters = extra_float_digits",
            "log_connections = 0",
            "log_disconnections = 0",
            *(["max_prepared_statements = 200"] if self.version >= (1, 21) else []),
        ]) + "\n")
        return [self.binary, str(directory / "pgbouncer.ini")]


class HAProxy(Proxy):
    """HAProxy as a plain relay to the primary: the floor of what a TCP hop costs."""

    key = "haproxy"

    def label(self, mode: str) -> str:
        return "haproxy (tcp)"

    def missing(self) -> str | None:
        return None if _find("haproxy") else "haproxy is not installed (apt-get install haproxy)"

    def command(self, directory: Path, port: int, mode: str, clients: int) -> list[str]:
        node = self.cluster.primary
        (directory / "haproxy.cfg").write_text("\n".join([
            "global",
            f"    maxconn {clients + 50}",
            "    nbthread 1",  # as many as the other proxies have
            "defaults",
            "    mode tcp",
            "    timeout connect 10s",
            "    timeout client 10m",
            "    timeout server 10m",
            "listen postgresql",
            f"    bind 127.0.0.1:{port}",
            "    option clitcpka",
            f"    server primary {node.host}:{node.port}",
        ]) + "\n")
        return [_find("haproxy"), "-db", "-q", "-f", str(directory / "haproxy.cfg")]


class Pgpool(Proxy):
    """Pgpool-II in streaming replication mode: reads balanced over the replicas, none on the primary."""

    key = "pgpool"
    stop_signal = signal.SIGINT

    def label(self, mode: str) -> str:
        return f"pgpool {'.'.join(map(str, _version([_find('pgpool'), '--version'])[:2]))}"

    def missing(self) -> str | None:
        return None if _find("pgpool") else "pgpool is not installed (apt-get install pgpool2)"

    def command(self, directory: Path, port: int, mode: str, clients: int) -> list[str]:
        settings: dict[str, str | int] = {
            "backend_clustering_mode": "streaming_replication",
            "listen_addresses": "127.0.0.1",
            "port": port,
            "socket_dir": str(directory),
            "pcp_listen_addresses": "127.0.0.1",
            "pcp_port": process.free_port(),
            "pcp_socket_dir": str(directory),
            "pid_file_name": f"{directory}/pid",
            "logdir": str(directory),
            "enable_pool_hba": "off",
            "num_init_children": clients + 4,
            "max_pool": 1,
            "child_life_time": 0,
            "serialize_accept": "on",
            "connection_cache": "on",
            "load_balance_mode": "on",
            "disable_load_balance_on_write": "transaction",
            "memory_cache_enabled": "off",
            "sr_check_period": 10,
            "sr_check_user": self.cluster.primary.superuser,
            "sr_check_database": self.cluster.database,
            "health_check_period": 0,
        }
        for index, node in enumerate(self.cluster.nodes):
            settings |= {
                f"backend_hostname{index}": node.host,
                f"backend_port{index}": node.port,
                f"backend_weight{index}": int(index > 0 or not self.cluster.replicas),
                f"backend_flag{index}": "DISALLOW_TO_FAILOVER",
            }
        text = "".join(f"{name} = {value if isinstance(value, int) else repr(value)}\n"
                       for name, value in settings.items())
        (directory / "pgpool.conf").write_text(text)
        for name in ("pcp.conf", "pool_hba.conf"):
            (directory / name).touch()
        return [_find("pgpool"), "-n", "-D", "-f", f"{directory}/pgpool.conf", "-F", f"{directory}/pcp.conf",
                "-a", f"{directory}/pool_hba.conf"]


def all_targets(cluster: Cluster, scratch: Path) -> dict[str, Target]:
    """Every target by its key, in the order of the tables, whether it can run here or not."""
    newer, before = os.environ.get("PGBOUNCER_125"), os.environ.get("BEFORE")
    targets: list[Target] = [
        Direct(cluster, scratch),
        GivenProxy(cluster, scratch),
        Howdah(cluster, scratch, "auto"),
        Howdah(cluster, scratch, "io_uring"),
        Howdah(cluster, scratch, "epoll"),
        *([Howdah(cluster, scratch, "auto", Path(before).absolute())] if before else []),
        PgBouncer(cluster, scratch, _find("pgbouncer"), "pgbouncer"),
        *([PgBouncer(cluster, scratch, newer, "pgbouncer-1.25")] if newer else []),
        HAProxy(cluster, scratch),
        Pgpool(cluster, scratch),
    ]
    return {target.key: target for target in targets}


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _version(command: list[str]) -> tuple[int, ...]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", done.stdout + done.stderr)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " / ".join(lines[-3:]) or "it wrote nothing"


def kernel_allows_io_uring() -> bool:
    """Asks for a ring of two entries: seccomp, kernel.io_uring_disabled or an old kernel refuse."""
    io_uring_setup = 425  # the same number on every architecture
    parameters = (ctypes.c_uint8 * 120)()
    descriptor = ctypes.CDLL(None, use_errno=True).syscall(io_uring_setup, 2, ctypes.byref(parameters))
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True
