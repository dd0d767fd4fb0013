"""A proxy before PostgreSQL that can swallow the answer to a COMMIT and hang up, or be closed for a while."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_COMMITTED = b"COMMIT\x00"
_CHUNK = 65_536


class CuttingProxy:
    """Passes everything on, until it is armed: then the next answer to a COMMIT is cut off.

    Args:
        url: Of a server on a Unix socket, as `postgres_url` gives it.
        directory: For the proxy's own socket.

    Attributes:
        url: By which the server is reached through the proxy.
        cuts: How many answers were cut off.
    """

    def __init__(self, url: str, *, directory: Path) -> None:
        host = parse_qs(urlsplit(url).query)["host"][0]
        self._server = f"{host}/.s.PGSQL.5432"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(64)
        self.url = url.replace(host, str(directory))
        self.cuts = 0
        self._is_armed = threading.Event()
        self._lock = threading.Lock()
        self._is_closed = False
        self._clients: set[socket.socket] = set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # wakes the thread in accept, which closing alone does not
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()

    def arm(self) -> None:
        """Cut off the next answer to a COMMIT."""
        self._is_armed.set()

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Let nobody reach the server in the block: connections end, and new ones do at once."""
        with self._lock:
            self._is_closed = True
            for client in self._clients:
                with contextlib.suppress(OSError):  # it has just hung up itself
                    client.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._is_closed = False

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._server)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            server,
            self._open(client),
            selectors.DefaultSelector() as ready,
        ):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    passed = source.recv(_CHUNK)
                    if not passed:
                        return
                    if source is server and _COMMITTED in passed and self._is_armed.is_set():
                        self._is_armed.clear()
                        self.cuts += 1
                        return
                    target.sendall(passed)

    @contextlib.contextmanager
    def _open(self, client: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._is_closed:
                raise ConnectionAbortedError
            self._clients.add(client)
        try:
            yield
        finally:
            with self._lock:
                self._clients.discard(client)
