"""A client that costs little: prepared requests over kept connections, one at a time on each."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

_OK = range(200, 300)


def requests_per_second(url: str, request: Callable[[int], bytes], *, connections: int, seconds: float) -> float:
    """Return how many requests a second were answered with success.

    Args:
        request: Returns the bytes of the n-th request.

    Raises:
        RuntimeError: One was answered otherwise.
    """
    begin = time.perf_counter()
    answered = len(latencies_s(url, request, connections=connections, seconds=seconds))
    return answered / (time.perf_counter() - begin)


def latencies_s(url: str, request: Callable[[int], bytes], *, connections: int, seconds: float) -> list[float]:
    """Return how long each request took, in seconds, all of them answered with success.

    Raises:
        RuntimeError: One was answered otherwise.
    """
    return asyncio.run(_run(url, request, connections, seconds))


def http_request(method: str, path: str, body: bytes, *, host: str = "localhost") -> bytes:
    """Return the bytes of a request with a JSON body."""
    head = (
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def _run(url: str, request: Callable[[int], bytes], connections: int, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    numbers = iter(range(10**9))
    took_s: list[float] = []

    async def use_connection() -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (begin := loop.time()) < end:
            writer.write(request(next(numbers)))
            await _read_answer(reader)
            took_s.append(loop.time() - begin)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(use_connection() for _ in range(connections)))
    return took_s


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if int(head[9:12]) not in _OK:
        msg = f"{head.decode()}{body.decode()}"
        raise RuntimeError(msg)
