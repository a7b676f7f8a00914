"""etcd, Patroni and their PostgreSQL nodes on free ports of loopback; all of it ends with `stop`."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, condition, seconds=120):
    """Asks every 100 ms until the condition holds; returns what it returned."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"in vain for {seconds} s: {what}")
        time.sleep(0.1)


def postgres_binaries():
    found = sorted(
        pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
    postgres = shutil.which("postgres")
    if postgres:
        return pathlib.Path(postgres).parent
    sys.exit("no PostgreSQL server is installed: apt-get install postgresql")


class Account:
    """Whom servers run as: PostgreSQL refuses root."""

    def __init__(self):
        self.name = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        entry = pwd.getpwnam(self.name)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    def spawn(self, arguments, log, environment=None):
        options = {}
        if os.geteuid() == 0:
            options = {"user": self.uid, "group": self.gid, "extra_groups": []}
        with open(log, "ab") as output:
            return subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
                start_new_session=True,
                **options,
            )

    def may_run(self, program):
        try:
            return self.spawn([program, "-c", "import patroni"], "/dev/null").wait() == 0
        except OSError:
            return False


def patroni_environment(account, directory):
    """The interpreter of a virtual environment with Patroni, which the account may run."""
    for place in (ROOT / ".build" / "patroni-venv", pathlib.Path(directory) / "venv"):
        python = place / "bin" / "python"
        if not python.exists():
            print("installing Patroni from PyPI", flush=True)
            venv.create(place, with_pip=True)
        command = [python, "-m", "pip", "install", "-q", "patroni[etcd3]", "psycopg[binary]"]
        subprocess.run([str(word) for word in command], check=True)
        if account.may_run(python):
            return python
    sys.exit(f"user {account.name} cannot run Patroni")


class Member:
    def __init__(self, herd, number):
        self.herd = herd
        self.name = f"node{number}"
        self.port = free_port()
        self.api = free_port()
        self.data = f"{herd.directory}/{self.name}"
        self.log = f"{herd.directory}/{self.name}.log"
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api}"

    @property
    def dsn(self):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    def configuration(self):
        herd = self.herd
        access = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        return {
            "scope": "herd",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"host": f"127.0.0.1:{herd.etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": 20,
                    "loop_wait": 2,
                    "retry_timeout": 5,
                    # Nothing acknowledged is lost with a node.
                    "synchronous_mode": True,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 100, "wal_keep_size": "256MB", "fsync": "off"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": self.data,
                "bin_dir": str(herd.binaries),
                "pgpass": f"{herd.directory}/{self.name}.pgpass",
                "pg_hba": access,
                "authentication": {
                    "superuser": {"username": "postgres"},
                    "replication": {"username": "postgres"},
                    "rewind": {"username": "postgres"},
                },
                "parameters": {"unix_socket_directories": herd.directory},
            },
        }

    def start(self):
        path = pathlib.Path(f"{self.herd.directory}/{self.name}.yaml")
        # JSON is YAML.
        path.write_text(json.dumps(self.configuration()))
        path.chmod(0o644)
        self.process = self.herd.account.spawn([self.herd.python, "-m", "patroni", path], self.log)

    @property
    def postmaster(self):
        try:
            return int(pathlib.Path(f"{self.data}/postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def kill(self):
        """kill -9 of Patroni and of its postmaster; backends end with that."""
        postmaster = self.postmaster
        if self.process and self.process.poll() is None:
            self.process.kill()
        if postmaster:
            try:
                os.kill(postmaster, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait()

    def stop(self):
        """As an administrator does: Patroni stops its PostgreSQL."""
        self.process.terminate()
        self.process.wait(60)


class Herd:
    def __init__(self, nodes=3):
        self.account = Account()
        self.binaries = postgres_binaries()
        if not shutil.which("etcd"):
            sys.exit("etcd is not installed: apt-get install etcd-server")
        self.directory = tempfile.mkdtemp(prefix="howdah-patroni-")
        os.chmod(self.directory, 0o755)
        if os.geteuid() == 0:
            os.chown(self.directory, self.account.uid, self.account.gid)
        self.etcd_port, self.etcd_peer_port = free_port(), free_port()
        self.etcd = None
        self.members = []
        self.python = patroni_environment(self.account, self.directory)
        self.members = [Member(self, number) for number in range(1, nodes + 1)]

    def start_etcd(self):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_peer_port}"
        self.etcd = self.account.spawn(
            ["etcd", "--name", "e", "--data-dir", f"{self.directory}/etcd", "--listen-client-urls", client]
            + ["--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
            + ["--initial-cluster", f"e={peer}", "--log-level", "error"],
            f"{self.directory}/etcd.log",
        )

    def stop_etcd(self):
        self.etcd.terminate()
        self.etcd.wait(30)

    def start(self):
        self.start_etcd()
        self.members[0].start()
        wait("a leader", lambda: self.leader)
        for member in self.members[1:]:
            member.start()
        wait("all members to stream", self.is_whole)

    def add(self):
        member = Member(self, len(self.members) + 1)
        self.members.append(member)
        member.start()
        return member

    def cluster(self):
        for member in self.members:
            try:
                with urllib.request.urlopen(f"{member.url}/cluster", timeout=3) as answer:
                    return json.load(answer)
            except (OSError, ValueError, urllib.error.URLError):
                continue
        return {"members": []}

    @property
    def leader(self):
        for item in self.cluster()["members"]:
            if item["role"] == "leader" and item["state"] == "running":
                return next((member for member in self.members if member.name == item["name"]), None)
        return None

    def is_whole(self):
        """Whether there is a leader, and every member that runs Patroni streams from it."""
        running = [member for member in self.members if member.process and member.process.poll() is None]
        states = {item["name"]: item for item in self.cluster()["members"]}
        good = [states.get(member.name, {}) for member in running]
        leaders = sum(item.get("role") == "leader" and item.get("state") == "running" for item in good)
        others = sum(item.get("state") == "streaming" for item in good)
        # Without one Patroni moves the leader to nobody.
        is_synchronous = any(item.get("role") == "sync_standby" for item in good)
        return leaders == 1 and others == len(good) - 1 and is_synchronous

    def switchover(self):
        old = self.leader
        body = json.dumps({"leader": old.name}).encode()
        request = urllib.request.Request(f"{old.url}/switchover", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120):
            pass
        return old

    def stop(self):
        for member in self.members:
            member.kill()
        if self.etcd and self.etcd.poll() is None:
            self.etcd.kill()
            self.etcd.wait()
        # Backends notice the death of their postmaster by themselves.
        for _ in range(50):
            shutil.rmtree(self.directory, ignore_errors=True)
            if not os.path.exists(self.directory):
                return
            time.sleep(0.1)
