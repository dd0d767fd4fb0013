"""A process of its own for one order: it can be ended at any moment and takes nothing down with it.

It is started by exec, because a forked one would hang in libraries that have threads. It reads its order as
one line of JSON from standard input, which stays open for as long as its starter lives, and answers by lines
on standard output. The other side is `ordered_child`.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Self

import infrastructure
from infrastructure.system.orders import ProcessOrder

_TAIL_BYTES = 2_000
_SETTINGS = "ML_SERVICE_"
"""How the names of the service's settings begin. Some are secrets, and an order says all that is needed."""
_CODE_ROOT = Path(infrastructure.__file__).parents[1]

Line = bytes | None
"""What the process wrote; None when it will write no more."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ended that still owed an answer.

    Attributes:
        status: Its exit status; negative is the number of the signal that ended it.
        last_words: The end of what it wrote to standard error.
    """

    status: int
    last_words: str

    def __str__(self) -> str:
        if self.status < 0:
            return f"was killed by {_signal_name(-self.status)}"
        return f"ended with exit status {self.status} before it was done"


class OrderedProcess:
    """A process with its order; gone, and reaped, when the block is left in whatever way.

    The thread that makes it must live until the block is left, because the kernel ends the process with
    that thread.

    Args:
        module: What it runs; it hands itself to `ordered_child.carry_out`.
        order: What it is to do.
        environment: Variables that it has beside this process's own, which are passed on but for the service's
            settings.
    """

    def __init__(self, *, module: str, order: ProcessOrder, environment: Mapping[str, str]) -> None:
        line = order.model_dump_json().encode() + b"\n"
        self._lines: SimpleQueue[Line] = SimpleQueue()
        # a file, because nobody reads along and a full pipe would stop the process
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the block is left
        python_path = os.pathsep.join(filter(None, [str(_CODE_ROOT), os.environ.get("PYTHONPATH")]))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                # -P: the working directory's files are not ours to import
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={**_inherited(), "PYTHONPATH": python_path, **environment},
                start_new_session=True,  # Ctrl-C in a terminal is the starter's to hear
            )
        except BaseException:
            self._stderr.close()
            raise
        # threads, because a full pipe blocks its writer and an empty one its reader
        self._threads = (
            Thread(target=self._write, args=(line,), name="process-order", daemon=True),
            Thread(target=self._read, name="process-answers", daemon=True),
        )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdout.close()
        with suppress(BrokenPipeError):  # bytes of the order that nobody took
            self._process.stdin.close()
        self._stderr.close()

    def next_line(self, *, timeout_s: float) -> Line:
        """Return what the process writes next, None at its end.

        Raises:
            queue.Empty: It is silent for so long.
        """
        return self._lines.get(timeout=timeout_s)

    def death(self) -> Death:
        """Wait for the end, and return how it came."""
        status = self._process.wait()
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - _TAIL_BYTES))
        return Death(status=status, last_words=self._stderr.read().decode(errors="replace").strip())

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the process died: its silence tells
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
