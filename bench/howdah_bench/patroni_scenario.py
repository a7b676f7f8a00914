"""Scenario: a Patroni cluster is moved, broken, enlarged and cut off from etcd, with clients at work through Howdah."""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from .patroni_herd import ROOT, Herd, wait
from .patroni_load import Load

# What a client may be told when the server that ran its statement is gone: 40001 where nothing was done, 08007 where that
# is not known, 57P03 when no primary came within failover_wait.
EXPECTED = {"40001", "08007"}


class Proxy:
    def __init__(self, herd, binary, failover_wait):
        self.log = f"{herd.directory}/howdah.log"
        self.process = herd.account.spawn(
            [binary, "run"],
            self.log,
            {
                "HOWDAH_LISTEN_PORT": "0",
                "HOWDAH_LISTEN_ADDRESSES": "127.0.0.1",
                "HOWDAH_AUTH_TYPE": "trust",
                "HOWDAH_ADMIN_USERS": "postgres",
                "HOWDAH_MONITOR_USER": "postgres",
                "HOWDAH_MONITOR_DATABASE": "postgres",
                "HOWDAH_DISCOVER": "patroni",
                "HOWDAH_PATRONI_URLS": ",".join(member.url for member in herd.members),
                "HOWDAH_DISCOVER_FORGET": "3s",
                "HOWDAH_FAILOVER_WAIT": f"{failover_wait}s",
            },
        )
        found = wait("the proxy to listen", lambda: re.search(r"listening on 127\.0\.0\.1:(\d+)", self.text), 30)
        self.port = int(found[1])
        self.dsn = f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres"

    @property
    def text(self):
        return pathlib.Path(self.log).read_text(errors="replace")

    def nodes(self, psycopg):
        """State by name, as the admin console has it."""
        with psycopg.connect(self.dsn.replace("dbname=postgres", "dbname=howdah"), autocommit=True) as console:
            cursor = psycopg.ClientCursor(console)
            return {row[0]: row[3] for row in cursor.execute("SHOW NODES").fetchall()}

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def commits(psycopg, member):
    with psycopg.connect(member.dsn, autocommit=True) as connection:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"
        return connection.execute(query).fetchone()[0]


def play(psycopg, herd, proxy, load, failover_wait):
    load.wait_for_writes()
    time.sleep(3)

    load.enter("switchover")
    herd.switchover()
    load.wait_for_writes()
    wait("all to stream", herd.is_whole)

    load.enter("kill -9 of the leader and its Patroni")
    old = herd.leader
    old.kill()
    wait("another leader", lambda: herd.leader not in (None, old))
    load.wait_for_writes()
    load.enter("it comes back")
    old.start()
    wait("all to stream", herd.is_whole)
    wait("it to be in use again", lambda: proxy.nodes(psycopg).get(old.name) == "up")
    load.wait_for_writes()

    load.enter("a node is added")
    new = herd.add()
    wait("it to be in use", lambda: proxy.nodes(psycopg).get(new.name) == "up")
    before = commits(psycopg, new)
    wait("it to get reads", lambda: commits(psycopg, new) > before + 200)
    load.wait_for_writes()

    load.enter("that node leaves")
    new.stop()
    wait("it to be let go", lambda: new.name not in proxy.nodes(psycopg))
    load.wait_for_writes()

    load.enter("etcd is stopped")
    phase = load.phase
    herd.stop_etcd()
    wait("writes to fail after failover_wait", lambda: phase.write_errors["57P03"], failover_wait + 90)
    before = phase.reads
    wait("reads to go on", lambda: phase.reads > before + 200)

    load.enter("etcd is back")
    herd.start_etcd()
    load.wait_for_writes()
    wait("all to stream", herd.is_whole)

    load.enter("calm again")
    time.sleep(3)


def counts(errors):
    return " ".join(f"{state}:{number}" for state, number in sorted(errors.items())) or "0"


def report(load, lost):
    rows = [["phase", "s", "reads", "read errors", "longest", "writes", "write errors", "longest", "closed"]]
    ends = [phase.began for phase in load.phases[1:]] + [time.monotonic()]
    for phase, end in zip(load.phases, ends):
        rows.append(
            [phase.name, f"{end - phase.began:.1f}", str(phase.reads), counts(phase.read_errors)]
            + [f"{phase.longest_read:.2f} s", str(phase.writes), counts(phase.write_errors)]
            + [f"{phase.longest_write:.2f} s", str(phase.closed)]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print(f"acknowledged writes: {len(load.acknowledged)}, of them lost: {len(lost)}")


def verdict(load, lost):
    """What went otherwise than promised."""
    wrong = []
    if lost:
        wrong.append(f"acknowledged writes are lost: {sorted(lost)[:5]}")
    for phase in load.phases:
        if phase.read_errors:
            wrong.append(f"{phase.name}: reads failed: {counts(phase.read_errors)}")
        if phase.closed:
            wrong.append(f"{phase.name}: {phase.closed} connections of clients were closed")
        allowed = EXPECTED | ({"57P03"} if phase.name.startswith("etcd") else set())
        if set(phase.write_errors) - allowed:
            wrong.append(f"{phase.name}: writes failed: {counts(phase.write_errors)}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=os.environ.get("HOWDAH_BINARY", str(ROOT / ".build/release/howdah")))
    parser.add_argument("--failover-wait", type=int, default=30, help="seconds; Patroni's own ttl here is 20")
    parser.add_argument("--log", action="store_true", help="print the proxy's log at the end")
    options = parser.parse_args()
    if not os.access(options.binary, os.X_OK):
        sys.exit(f"no {options.binary}: build it, or set HOWDAH_BINARY")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    herd = Herd()
    proxy = load = None
    try:
        # The environment that Patroni runs in has the driver, too.
        sys.path[:0] = [str(path) for path in pathlib.Path(herd.python).parent.parent.glob("lib/python*/site-packages")]
        import psycopg  # noqa: PLC0415

        print("starting etcd and three members", flush=True)
        herd.start()
        with psycopg.connect(herd.leader.dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE written (writer int, number int, PRIMARY KEY (writer, number))")
        proxy = Proxy(herd, options.binary, options.failover_wait)
        wait("the proxy to know all", lambda: list(proxy.nodes(psycopg).values()).count("up") == 3)
        load = Load(psycopg, proxy.dsn)
        play(psycopg, herd, proxy, load, options.failover_wait)
        load.stop()
        with psycopg.connect(herd.leader.dsn, autocommit=True) as connection:
            found = set(connection.execute("SELECT writer, number FROM written").fetchall())
        lost = load.acknowledged - found
        report(load, lost)
        wrong = verdict(load, lost)
        for line in wrong:
            print(f"FAILED {line}")
        return 1 if wrong else 0
    except BaseException:
        if load:
            load.stopped.set()
            report(load, set())
        if proxy:
            print(proxy.text[-6000:])
        raise
    finally:
        if load:
            load.stopped.set()
        if proxy:
            if options.log:
                print(proxy.text)
            proxy.stop()
        if load:
            load.stop()
        herd.stop()
