"""Processes that tests start, and a look at those of this machine, which is for Linux only."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from infrastructure.system.bound_program import bound

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def started(command: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
    """Start a process that goes on; on Linux it ends with the thread that started it, even where that is killed.

    Args:
        command: Program and arguments.
        options: As `subprocess.Popen` takes them.
    """
    return subprocess.Popen(bound(command), **options)


def children_of(pid: int) -> set[int]:
    """Return the processes that this one has started and that have not been reaped."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            state = _state(int(entry.name))
            if state is not None and state[1] == pid:
                found.add(int(entry.name))
    return found


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and theirs."""
    children = children_of(pid)
    return children.union(*(descendants(child) for child in children))


def command_of(pid: int) -> str:
    """Return the program and arguments of a process, without spaces between them."""
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def is_running(pid: int) -> bool:
    """Return whether the process is there and more than a memory of its exit status."""
    state = _state(pid)
    return state is not None and state[0] not in "ZX"


def eventually(condition: Callable[[], bool], *, within_s: float = 30.0) -> bool:
    """Return whether the condition came true in time; at least half of it is left to those who are waited for."""
    end = time.monotonic() + within_s
    while (asked := time.monotonic()) < end:
        if condition():
            return True
        time.sleep(max(0.02, time.monotonic() - asked))
    return condition()


def _state(pid: int) -> tuple[str, int] | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1])


def own_children() -> set[int]:
    """Return this process's children."""
    return children_of(os.getpid())
