"""Processes that belong to this one: started by exec, started again when they die, gone when this one is."""

import logging
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

_BACKOFF_FIRST_S = 0.5
_BACKOFF_MAX_S = 10.0
_STEADY_S = 30.0


class Supervised(ABC):
    """A process that is watched over by a thread, which also starts it and lives as long as it does.

    Args:
        name: For the log.
        restarts: Whether it is started again when it ends.
        steady_s: A process that lived so long is started again without delay.
    """

    def __init__(self, *, name: str, restarts: bool = True, steady_s: float = _STEADY_S) -> None:
        self._name = name
        self._restarts = restarts
        self._steady_s = steady_s
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()  # a signal may come while its own thread stops the child

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it, and watch over it from a thread of its own."""
        self._thread = threading.Thread(target=self._supervise, name=f"child-{self._name}", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Ask it to end (SIGTERM), and wait for nothing."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def stop(self, timeout_s: float) -> None:
        """Ask it to end; when it takes longer, end it."""
        self.ask()
        process = self._process
        if process is not None:
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread is not None:
            self._thread.join()

    def kill(self) -> None:
        """End it at once."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.kill()

    @abstractmethod
    def _launch(self) -> subprocess.Popen[bytes]:
        """Return the process, just started.

        Raises:
            Exception: It cannot be, this time; the message says why.
        """

    def _accompany(self, process: subprocess.Popen[bytes]) -> None:  # noqa: B027 - for most there is nothing
        """Do what is to be done in its early days; return at the latest when it has ended."""

    def _supervise(self) -> None:
        backoff_s = _BACKOFF_FIRST_S
        while not self._stopping.is_set():
            began = time.monotonic()
            outcome = self._run()
            if self._stopping.is_set() or not self._restarts:
                return
            lived_s = time.monotonic() - began
            backoff_s = _BACKOFF_FIRST_S if lived_s >= self._steady_s else min(2 * backoff_s, _BACKOFF_MAX_S)
            _log.warning("%s %s; starting it again in %.1f s", self._name, outcome, backoff_s)
            self._stopping.wait(backoff_s)

    def _run(self) -> str:
        with self._lock:
            if self._stopping.is_set():
                return "was stopped"
            try:
                self._process = self._launch()
            except Exception as error:  # whatever it is, a later time may go better
                return f"cannot be started: {error}"
        with self._process as process:
            self._accompany(process)
            return f"ended with status {process.wait()}"


class Child(Supervised):
    """A program of this service. Its standard input is a pipe that nobody writes to: it ends when this process
    does, however that happens, and the child is to end with it.

    Args:
        name: For the log.
        arguments: Program and arguments.
        restarts: Whether it is started again when it ends.
    """

    def __init__(self, *, name: str, arguments: Sequence[str], restarts: bool = True) -> None:
        super().__init__(name=name, restarts=restarts)
        self._arguments = list(arguments)

    def _launch(self) -> subprocess.Popen[bytes]:
        return _started(self._arguments)


class ChannelChild(Supervised):
    """A program of this service, likewise, with a channel to this process: a new one each time it is started.

    Args:
        name: For the log.
        arguments: Returns program and arguments, given the descriptor that is the program's side of the channel.
        on_channel: Given this side of it, and the care for it; called by the thread that watches over the child.
    """

    def __init__(
        self,
        *,
        name: str,
        arguments: Callable[[int], Sequence[str]],
        on_channel: Callable[[socket.socket], object],
    ) -> None:
        super().__init__(name=name)
        self._arguments = arguments
        self._on_channel = on_channel

    def _launch(self) -> subprocess.Popen[bytes]:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = _started(self._arguments(theirs.fileno()), theirs.fileno())
            except BaseException:
                ours.close()
                raise
        self._on_channel(ours)
        return process


def _started(arguments: Sequence[str], *inherits: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own program, no shell
        arguments,
        stdin=subprocess.PIPE,
        pass_fds=inherits,
        start_new_session=True,  # Ctrl-C in a terminal is ours to hear, and to pass on in order
    )
