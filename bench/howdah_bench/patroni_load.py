"""Clients that read and write through the proxy without an end, and what each phase of a scenario did to them."""

import collections
import threading
import time


class Phase:
    def __init__(self, name):
        self.name = name
        self.began = time.monotonic()
        self.reads = self.writes = self.closed = 0
        self.read_errors = collections.Counter()
        self.write_errors = collections.Counter()
        self.longest_read = self.longest_write = 0.0


class Load:
    def __init__(self, psycopg, dsn, readers=8, writers=8):
        self.psycopg = psycopg
        self.dsn = dsn
        self.lock = threading.Lock()
        self.phases = [Phase("calm")]
        self.acknowledged = set()
        self.unknown = set()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(index, False)) for index in range(readers)]
        self.threads += [threading.Thread(target=self.run, args=(index, True)) for index in range(writers)]
        for thread in self.threads:
            thread.start()

    def enter(self, name):
        with self.lock:
            self.phases.append(Phase(name))
        print(f"  {name}", flush=True)

    @property
    def phase(self):
        return self.phases[-1]

    def connect(self):
        return self.psycopg.connect(self.dsn, autocommit=True)

    def run(self, index, is_writer):
        connection = None
        number = 0
        while not self.stopped.is_set():
            number += 1
            began, phase = time.monotonic(), self.phase
            try:
                if connection is None:
                    connection = self.connect()
                if is_writer:
                    self.write(connection, index, number)
                else:
                    connection.execute("SELECT count(*) FROM written WHERE writer = %s", (index,))
            except self.psycopg.Error as error:
                state = error.sqlstate or "lost"
                with self.lock:
                    (phase.write_errors if is_writer else phase.read_errors)[state] += 1
                    if is_writer:
                        self.unknown.add((index, number))
                connection = self.recover(connection, phase)
            took = time.monotonic() - began
            with self.lock:
                # What began in one phase and ended in a later one is told of where it began.
                if is_writer:
                    phase.writes += 1
                    phase.longest_write = max(phase.longest_write, took)
                else:
                    phase.reads += 1
                    phase.longest_read = max(phase.longest_read, took)
            time.sleep(0.002)
        if connection is not None:
            connection.close()

    def write(self, connection, writer, number):
        """By turns alone and in a transaction."""
        row = (writer, number)
        if number % 2:
            connection.execute("INSERT INTO written VALUES (%s, %s)", row)
        else:
            with connection.transaction():
                connection.execute("SELECT count(*) FROM written WHERE writer = %s", (writer,))
                connection.execute("INSERT INTO written VALUES (%s, %s)", row)
        with self.lock:
            self.acknowledged.add(row)

    def recover(self, connection, phase):
        """The connection, where it still serves."""
        if connection is None:
            return None
        if not connection.closed and not connection.broken:
            try:
                connection.rollback()
                return connection
            except self.psycopg.Error:
                pass
        with self.lock:
            phase.closed += 1
        connection.close()
        return None

    def wait_for_writes(self, seconds=120):
        """Until writes are acknowledged again."""
        before = len(self.acknowledged)
        end = time.monotonic() + seconds
        while len(self.acknowledged) < before + 50:
            if time.monotonic() > end:
                raise TimeoutError("no write was acknowledged")
            time.sleep(0.05)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
