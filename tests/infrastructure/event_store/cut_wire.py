"""A wire to PostgreSQL that is cut on demand, right behind a COMMIT."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_PART_OF_EVERY_APPEND = b"NOTIFY"
_SOCKET = ".s.PGSQL.5432"
_CHUNK = 1 << 16


class CutWire:
    """Passes everything on, but for the answers to so many appends as it is told to lose.

    Args:
        url: Of a server on a socket.
        directory: Where the wire's own socket is made.
    """

    def __init__(self, url: str, directory: Path) -> None:
        parts = urlsplit(url)
        self._server = str(Path(parse_qs(parts.query)["host"][0]) / _SOCKET)
        self.url = parts._replace(query=f"host={directory}").geturl()
        self.answers_to_lose = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(directory / _SOCKET))
        self._listening.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listening, *self._open):
            _hang_up(each)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._open += [client, server]
                lost = threading.Event()
                for pump in (self._up, self._down):
                    thread = threading.Thread(target=pump, args=(client, server, lost))
                    self._threads.append(thread)
                    thread.start()

    def _up(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                if self.answers_to_lose and _PART_OF_EVERY_APPEND in data:
                    self.answers_to_lose -= 1
                    lost.set()
                server.sendall(data)
        _hang_up(client)
        _hang_up(server)

    def _down(self, client: socket.socket, server: socket.socket, lost: threading.Event) -> None:
        with suppress(OSError):
            # the server is silent until all of the transaction has reached it, COMMIT included
            while (data := server.recv(_CHUNK)) and not lost.is_set():
                client.sendall(data)
        _hang_up(client)
        _hang_up(server)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
