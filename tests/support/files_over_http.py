"""A server that answers with files, or not, as others' servers do."""

import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_SAID = {"/cut.csv": {"Content-Length": "1000"}}
_REFUSALS = {"/restarting.csv": 503, "/forbidden.csv": 403}


@contextmanager
def files_over_http(files: dict[str, bytes], *, host: str = "127.0.0.1") -> Iterator[str]:
    """Yield the URL of a server with these files; `/moved` leads to `/elsewhere`, `/slow` never ends.

    `/cut` is said to have a thousand bytes, however many there are.

    Args:
        files: Path → what lies there.
        host: To listen on; a number of IPv6 where it has colons.
    """
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            found = files.get(self.path.removeprefix("/files"))
            if self.path.endswith("/moved.csv"):
                self._begin(302, Location="/elsewhere.csv")
            elif self.path.endswith("/packed.csv"):
                self._begin(200, **{"Content-Encoding": "gzip"})
                self.wfile.write(gzip.compress(bytes(1_000_000)))
            elif self.path.endswith("/slow.csv"):
                self._begin(200)
                self._drip()
            elif found is None:
                self._begin(_REFUSALS.get(self.path.removeprefix("/files"), 404))
            else:
                self._begin(200, **_SAID.get(self.path.removeprefix("/files"), {}))
                self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _begin(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def _drip(self) -> None:
            try:
                while True:
                    self.wfile.write(b"1,2\n")
                    time.sleep(0.01)
            except OSError:
                return

    with _server(host, Answers) as server:
        server.daemon_threads = True
        answering = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        answering.start()
        yield f"http://{server.server_name}:{server.server_port}/files"
        assert "/elsewhere.csv" not in asked
        server.shutdown()
        answering.join()


def _server(host: str, answers: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def server_bind(self) -> None:
            super().server_bind()
            self.server_name = f"[{host}]" if ":" in host else host

    return Server((host, 0), answers)
