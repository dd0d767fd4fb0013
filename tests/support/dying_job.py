"""A process of a job that ends as its order says: `python -m tests.support.dying_job`."""

import ctypes
import errno
import os
import signal
from enum import StrEnum
from typing import NoReturn

from domain.training.job import TRAINING
from infrastructure.jobs.job_child import Given, carry_out_job
from infrastructure.jobs.protocol import JobOrder


class End(StrEnum):
    """How it ends.

    Attributes:
        TAKES_MUCH: It wants half a GiB at once.
        BREAKS: What gets no memory is a library that ends the process, as those in C++ do.
        SEGFAULTS: It reads where nothing is.
        ABORTS: A library gives up.
        IS_KILLED: As by a system that is out of memory.
        FINDS_NO_ROOM: The disk is full.
        HANGS: It is there, and does nothing any more.
    """

    TAKES_MUCH = "takes much"
    BREAKS = "breaks"
    SEGFAULTS = "segfaults"
    ABORTS = "aborts"
    IS_KILLED = "is killed"
    FINDS_NO_ROOM = "finds no room"
    HANGS = "hangs"


class DyingOrder(JobOrder):
    """What to die of."""

    end: End


def die(given: Given[DyingOrder]) -> NoReturn:
    """Come to the end that the order says."""
    match given.order.end:
        case End.TAKES_MUCH:
            bytearray(512 * 1024 * 1024)
        case End.BREAKS:
            os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
            os.abort()
        case End.SEGFAULTS:
            ctypes.string_at(8)
        case End.ABORTS:
            os.abort()
        case End.FINDS_NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case End.HANGS:
            os.kill(os.getpid(), signal.SIGSTOP)
        case End.IS_KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError(given.order.end)


if __name__ == "__main__":
    carry_out_job(DyingOrder, die, kind=TRAINING)
