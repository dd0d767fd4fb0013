"""A NATS server of the service's own, for where none is named: as durable as any, and nobody need know of it."""

import fcntl
import os
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from application.ports.messaging import MessagingUnavailable
from infrastructure.messaging.address import NatsAddress
from infrastructure.messaging.server_home import ServerHome
from infrastructure.messaging.server_probe import unreadiness
from infrastructure.system.bound_program import bound
from infrastructure.system.children import Supervised

_STEADY_S = 1.0
_LOOK_EVERY_S = 0.02
_STOP_S = 2.0
"""What it acknowledged is on disk: nothing is lost when it takes longer and is killed."""


class NatsStoreTaken(Exception):
    """Another process works on the same store, which two would destroy."""


def address_in(home: Path) -> NatsAddress:
    """Return where the server of that directory is, which another process has started.

    Raises:
        MessagingUnavailable: None was ever started there.
    """
    url = ServerHome(home).clients_url()
    if url is None:
        message = f"No NATS server has been started in {home}."
        raise MessagingUnavailable(message)
    return NatsAddress(url=url)


class EmbeddedNats(Supervised):
    """A server with JetStream on the loopback address, which only those reach who know its token.

    It is started again when it dies, where it can be on the same port; it ends with this process, however that
    ends (on Linux). What it acknowledges is on disk. Nothing waits for it: what keeps it from running is in
    `error` and in the log, and is tried again.

    Args:
        home: Directory of its own for its configuration, token, log and store; made when it is missing.
    """

    def __init__(self, home: Path) -> None:
        super().__init__(name="nats-server", steady_s=_STEADY_S)
        self._home = ServerHome(home)
        self._store: int | None = None  # the descriptor that holds the lock on it
        self._port: int | None = None
        self._ready = threading.Event()
        self._trouble = "it has not been started"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_ready(self) -> bool:
        """Whether it takes messages."""
        return self._ready.is_set() and self.pid is not None

    @property
    def error(self) -> str | None:
        """Why it takes no messages; None when it does."""
        return None if self.is_ready else self._trouble

    @property
    def url(self) -> str:
        """Where it is, with its token; the same after it was started again, unless its port was taken meanwhile.

        Raises:
            MessagingUnavailable: It was not ready yet, so that nobody knows.
        """
        if self._port is None:
            message = f"The service's own NATS server is not ready: {self.error}."
            raise MessagingUnavailable(message)
        return self._home.url(self._port)

    def address(self) -> NatsAddress:
        """Return the same, as `connect` takes it.

        Raises:
            MessagingUnavailable: It was not ready yet, so that nobody knows.
        """
        return NatsAddress(url=self.url)

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until it takes messages, and return whether it does in time."""
        return self._ready.wait(timeout_s)

    def stop(self, timeout_s: float = _STOP_S) -> None:
        """End it in order; when it takes longer, at once. It is not started again."""
        super().stop(timeout_s)
        self._ready.clear()
        self._trouble = "it was stopped"
        if self._store is not None:
            os.close(self._store)
            self._store = None

    def _launch(self) -> subprocess.Popen[bytes]:
        self._ready.clear()
        try:
            self._home.create()
            store = self._taken_store()
            command = bound(self._home.command())
            with self._home.output_path.open("wb") as output:
                process = subprocess.Popen(  # noqa: S603 - a program of our own choice, no shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[store],  # it holds the lock for as long as it lives, even if this process is gone
                    start_new_session=True,  # Ctrl-C in a terminal is ours to hear
                )
        except Exception as error:
            self._trouble = str(error)
            raise
        self._trouble = "it is being started"
        return process

    def _accompany(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            port = self._home.port(process.pid)
            reason = "it is being started" if port is None else unreadiness(NatsAddress(url=self._home.url(port)))
            if reason is None:
                self._port = port
                self._trouble = "it has ended, and is started again"
                self._ready.set()
                return
            self._trouble = reason
            time.sleep(_LOOK_EVERY_S)
        self._trouble = self._home.last_words(process.pid) or f"it ended with status {process.returncode}"

    def _taken_store(self) -> int:
        """Return a descriptor that holds the lock on the store.

        Raises:
            NatsStoreTaken: Another process holds it.
        """
        if self._store is None:
            descriptor = os.open(self._home.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                message = f"another process uses the NATS store in {self._home.path}"
                raise NatsStoreTaken(message) from None
            self._store = descriptor
        return self._store
