"""A client that costs little: prepared requests over kept connections, one at a time on each."""

import asyncio
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


async def _run(url: str, request: Callable[[int], bytes], connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    end = begin + seconds
    numbers = iter(range(10**9))

    async def use_connection() -> int:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        answered = 0
        while loop.time() < end:
            writer.write(request(next(numbers)))
            await _read_answer(reader)
            answered += 1
        writer.close()
        await writer.wait_closed()
        return answered

    answered = sum(await asyncio.gather(*(use_connection() for _ in range(connections))))
    return answered / (loop.time() - begin)


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(length)
    if int(head[9:12]) not in _OK:
        msg = f"{head.decode()}{body.decode()}"
        raise RuntimeError(msg)
