"""The directory of a NATS server of the service's own: what it is started with, and what it leaves there."""

import json
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from infrastructure.messaging.server_configuration import ANY_PORT, LOOPBACK, configuration, nats_server

_WORDS_CHARS = 500


class ServerHome:
    """What one server needs and leaves on disk; the directory is its owner's alone.

    Args:
        path: Of the directory, which is made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def lock_path(self) -> Path:
        """What the user of the store has locked; the server itself locks nothing."""
        return self.path / "store.lock"

    @property
    def log_path(self) -> Path:
        """Where the server tells what happens to it."""
        return self.path / "nats.log"

    @property
    def output_path(self) -> Path:
        """What the server printed before it had a log."""
        return self.path / "output.txt"

    @property
    def ports_path(self) -> Path:
        """Where the server says on which port it listens."""
        return self.path / "ports"

    def create(self) -> None:
        """Make the directories that are missing."""
        for each in (self.path, self.ports_path):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def token(self) -> str:
        """Return what clients show to be let in; drawn once and kept."""
        path = self.path / "token"
        with suppress(FileNotFoundError):
            if kept := path.read_text().strip():
                return kept
        token = secrets.token_hex(24)
        _write(path, token)
        return token

    def clients_url(self) -> str | None:
        """Return where the server was last, with its token, whichever process has started it; None before that."""
        port = self._last_port()
        return None if port == ANY_PORT else self.url(port)

    def url(self, port: int) -> str:
        """Return what clients are let in by on a port."""
        return f"nats://{self.token()}@{LOOPBACK}:{port}"

    def command(self) -> list[str]:
        """Return how the server is started, with its configuration written anew.

        It gets the port that it had last, so that those who know it find it again, unless another has taken it.

        Raises:
            NatsServerMissing: There is no such program.
        """
        program = nats_server()
        port = self._last_port()
        if not _is_free(port):
            port = ANY_PORT
        for left in self.ports_path.iterdir():
            left.unlink()
        settings = configuration(
            home=self.path, port=port, ports=self.ports_path, log=self.log_path, token=self.token()
        )
        path = self.path / "nats.conf"
        # its language reads JSON, in which a directory's name needs no second thought
        _write(path, json.dumps(settings, indent=2, ensure_ascii=False))
        return [program, "-c", str(path)]

    def port(self, pid: int) -> int | None:
        """Return where the server of this process id listens, and remember it; None before it does."""
        try:
            said = json.loads((self.ports_path / f"nats-server_{pid}.ports").read_text())
            port: int | None = urlsplit(str(said["nats"][0])).port
        except (OSError, ValueError, KeyError, IndexError):
            return None  # not written, or not to its end
        if port is not None and port != self._last_port():
            _write(self._last_port_path, str(port))
        return port

    def last_words(self, pid: int) -> str:
        """Return why the server of this process id ended, in its own words; empty when it did not say."""
        with suppress(OSError):
            if printed := self.output_path.read_text(errors="replace").strip():
                return printed[-_WORDS_CHARS:]
            own, fatal = f"[{pid}]", "[FTL]"
            lines = self.log_path.read_text(errors="replace").splitlines()
            told = [line.partition(fatal)[2].strip() for line in lines if line.startswith(own) and fatal in line]
            return told[-1] if told else ""
        return ""

    @property
    def _last_port_path(self) -> Path:
        return self.path / "port"

    def _last_port(self) -> int:
        try:
            return int(self._last_port_path.read_text())
        except (OSError, ValueError):
            return ANY_PORT


def _is_free(port: int) -> bool:
    if port == 0:
        return False  # the server would take it for the port that is NATS's own
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def _write(path: Path, content: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    written = path.with_suffix(".new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    written.replace(path)
