"""A TCP relay that holds back what the other side answers: a node that is farther away, or busier, than it is.

Run as a program: relay.py LISTEN_PORT TARGET_HOST TARGET_PORT MILLISECONDS
"""

import asyncio
import contextlib
import socket
import sys

CHUNK = 65536


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


async def hold_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Each piece leaves `delay` seconds after it has come, in order: the delay costs no throughput."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)

    async def deliver() -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await pieces.get()
                if not data:
                    return
                await asyncio.sleep(max(0, due - loop.time()))
                writer.write(data)
                await writer.drain()

    sender = asyncio.create_task(deliver())
    data = b"first"
    while data:
        try:
            data = await reader.read(CHUNK)
        except OSError:
            data = b""
        await pieces.put((loop.time() + delay, data))
    await sender
    writer.close()


async def serve(port: int, host: str, target: int, delay: float) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, target)
        except OSError:
            writer.close()
            return
        for end in (writer, far_writer):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(pass_on(reader, far_writer), hold_back(far_reader, writer, delay))

    server = await asyncio.start_server(relay, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) / 1000))
