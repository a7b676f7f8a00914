"""A bare PostgreSQL client: just enough protocol to hold many connections and to count exactly what is sent."""

import contextlib
import os
import socket
import struct

from .process import BenchError

PROTOCOL_3_0 = 196608


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def query(sql: str) -> bytes:
    """A simple Query message (PostgreSQL documentation, 55.7)."""
    return _message(b"Q", sql.encode() + b"\0")


def parse(name: str, sql: str) -> bytes:
    return _message(b"P", name.encode() + b"\0" + sql.encode() + b"\0\0\0")


def bind_execute(name: str, parameters: list[str]) -> bytes:
    """Bind, Describe and Execute of the unnamed portal, all values as text."""
    body = b"\0" + name.encode() + b"\0" + struct.pack("!HH", 0, len(parameters))
    for value in parameters:
        encoded = value.encode()
        body += struct.pack("!I", len(encoded)) + encoded
    body += struct.pack("!H", 0)
    return _message(b"B", body) + _message(b"D", b"P\0") + _message(b"E", b"\0" + struct.pack("!I", 0))


SYNC = _message(b"S", b"")
TERMINATE = _message(b"X", b"")


class Client:
    """One connection under trust authentication. Replies are read on demand and nothing of them is kept but rows."""

    def __init__(self, host: str, port: int, user: str, database: str, timeout: float = 60):
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        body = b"".join(text.encode() + b"\0" for text in ("user", user, "database", database)) + b"\0"
        self._socket.sendall(struct.pack("!II", len(body) + 8, PROTOCOL_3_0) + body)

    def send(self, messages: bytes) -> None:
        self._socket.sendall(messages)

    def until_ready(self) -> list[list[str | None]]:
        """Reads up to ReadyForQuery and gives the rows met on the way; an ErrorResponse is raised once all is read."""
        rows: list[list[str | None]] = []
        error = None
        while True:
            kind, body = self._next()
            if kind == b"Z":
                if error:
                    raise BenchError(error)
                return rows
            if kind == b"D":
                rows.append(_columns(body))
            elif kind == b"E":
                error = _error_text(body)
                if body.startswith(b"SFATAL"):
                    raise BenchError(error)
            elif kind == b"R" and struct.unpack("!I", body[:4])[0] != 0:
                raise BenchError("the server wants a password; the bench needs trust authentication on loopback")

    def rows(self, sql: str) -> list[list[str | None]]:
        self.send(query(sql))
        return self.until_ready()

    def value(self, sql: str) -> str | None:
        return self.rows(sql)[0][0]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(TERMINATE)
        self._socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self) -> tuple[bytes, bytes]:
        self._fill(5)
        kind = bytes(self._received[:1])
        length = struct.unpack_from("!I", self._received, 1)[0]
        self._fill(length + 1)
        body = bytes(self._received[5:length + 1])
        del self._received[:length + 1]
        return kind, body

    def _fill(self, count: int) -> None:
        while len(self._received) < count:
            piece = self._socket.recv(65536)
            if not piece:
                raise BenchError("the server closed the connection")
            self._received += piece


def connect(host: str, port: int, user: str, database: str, timeout: float = 60) -> Client:
    """A client that has logged in and is ready for a query."""
    client = Client(host, port, user, database, timeout)
    try:
        client.until_ready()
    except (BenchError, OSError):
        client.close()
        raise
    return client


def _columns(body: bytes) -> list[str | None]:
    values: list[str | None] = []
    position = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        length = struct.unpack_from("!i", body, position)[0]
        position += 4
        if length < 0:
            values.append(None)
        else:
            values.append(os.fsdecode(body[position:position + length]))
            position += length
    return values


def _error_text(body: bytes) -> str:
    fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    return f"{fields.get(b'C', '?????')}: {fields.get(b'M', 'error without a message')}"
