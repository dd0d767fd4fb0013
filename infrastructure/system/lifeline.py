"""A process does not outlive who started it."""

import ctypes
import os
import signal
import sys
from threading import Thread

_PR_SET_PDEATHSIG = 1
_ORPHANED = 3
"""Exit status of a process that ended because nobody waits for it."""


def die_with_starter() -> None:
    """Have the kernel kill this process when the thread that started it ends; Linux only.

    To be called first thing after exec. A starter that was gone before is found by `require_starter`.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def require_starter(pid: int) -> None:
    """End this process at once if its parent is not the starter any more."""
    if os.name == "posix" and os.getppid() != pid:
        os._exit(_ORPHANED)


def watch(descriptor: int) -> None:
    """End this process at once when the pipe is closed on its other side, from a thread of its own."""

    def wait() -> None:
        while os.read(descriptor, 4096):
            pass
        os._exit(_ORPHANED)

    Thread(target=wait, name="lifeline", daemon=True).start()
