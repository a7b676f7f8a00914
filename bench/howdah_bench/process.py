"""Processes: starting, stopping and weighing them (processor time, memory), by /proc alone."""

import contextlib
import ctypes
import functools
import os
import pwd
import resource
import signal
import socket
import subprocess
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """Something that stops one measurement or the whole run; its text is for the user."""


def raise_descriptor_limit() -> None:
    """A thousand clients are a thousand descriptors here and another thousand in each proxy that we start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged_user() -> str | None:
    """The user for servers that refuse to run as root; None where we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise BenchError("running as root, and neither the user postgres nor nobody exists to run the peers as")


def give_to(path: Path, user: str | None) -> None:
    """Hands a directory and what is in it to the user that will run the server."""
    if user is None:
        return
    entry = pwd.getpwnam(user)
    for item in (path, *path.rglob("*")):
        os.chown(item, entry.pw_uid, entry.pw_gid)


def _die_with_parent(with_signal: int) -> None:
    # Even where the bench is killed outright, no server may stay behind.
    _libc.prctl(PR_SET_PDEATHSIG, with_signal)


def start(command: list[str], log: Path, death_signal: int, user: str | None = None,
          environment: dict[str, str] | None = None, directory: Path | None = None) -> subprocess.Popen:
    """Starts a server in a session (and process group) of its own, its output in `log`; should the bench be killed,
    the kernel sends it `death_signal`."""
    identity = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with open(log, "ab") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                start_new_session=True, env=environment, cwd=directory,
                                preexec_fn=functools.partial(_die_with_parent, death_signal), **identity)


def stop(process: subprocess.Popen, first_signal: int, patience: float = 10) -> None:
    """Asks, waits, then kills the whole group: what a server has forked goes with it."""
    if process.poll() is None:
        process.send_signal(first_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def family(root: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat_fields(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue.extend(children.get(pid, []))
    return found


def processor_seconds(root: int) -> float:
    """User and system time of the process, all its threads, and its children, those already reaped included."""
    ticks = 0
    for pid in family(root):
        fields = _stat_fields(pid)
        if fields:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / CLOCK_TICKS


def proportional_set_bytes(root: int) -> int:
    """Memory of all its processes, shared pages divided among those that share them (proc(5), smaps_rollup)."""
    total = 0
    for pid in family(root):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total


def listener(port: int) -> int | None:
    """The process that listens on a TCP port of this machine: of several that share the socket, the eldest."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    holders = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _holds(pid, inodes)]
    return min(holders, key=_start_time, default=None)


def _holds(pid: int, links: set[str]) -> bool:
    try:
        return any(os.readlink(entry.path) in links for entry in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def _start_time(pid: int) -> int:
    fields = _stat_fields(pid)
    return int(fields[19]) if fields else 0


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name before them may itself hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
