"""What is said of the process of a job that died, or found no more memory, or took too long."""

import signal

from application.ports.work import WorkFailed
from domain.jobs.job import Kind
from infrastructure.system.ordered_process import Death

MIB = 1024 * 1024

_WANTING_MEMORY = (
    "MemoryError",
    "bad_alloc",
    "annot allocate memory",
    "failed to map segment",
    "Thread creation failed",
    "can't start new thread",
)
"""What libraries say where they get none: of their own, of the loader of libraries, of the stack of a thread."""
_ON_ITS_OWN_ACCOUNT = (signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV)


def out_of_memory(why: str, *, kind: Kind, memory_max_bytes: int | None) -> WorkFailed:
    """Return the failure of work that got no more memory.

    Args:
        why: In the words of what wanted it.
        kind: Of the job.
        memory_max_bytes: What it was allowed; None where only the machine sets a limit.
    """
    if memory_max_bytes is None:
        message = f"The {kind.noun} ran out of memory ({why}): give it a machine with more, or {kind.remedy}."
        return WorkFailed(message, code=f"{kind.code}.process-died")
    allowed = f"the {memory_max_bytes // MIB:,} MiB that it is allowed"
    message = (
        f"The {kind.noun} takes more memory than {allowed} ({why}): "
        f"allow more by ML_SERVICE_TRAINING_MEMORY_BYTES, or {kind.remedy}."
    )
    return WorkFailed(message, code=f"{kind.code}.out-of-memory")


def out_of_time(silent_s: float, *, kind: Kind, time_max_s: int) -> WorkFailed:
    """Return the failure of work that was not done in the time.

    Args:
        silent_s: How long ago its process was last heard of; that of one that hangs is silent.
        kind: Of the job.
        time_max_s: What it was allowed.
    """
    message = (
        f"The {kind.noun} takes longer than the {time_max_s:,} s that it is allowed, and was last heard of "
        f"{silent_s:,.0f} s ago: allow more by ML_SERVICE_TRAINING_TIME_S, or {kind.remedy}."
    )
    return WorkFailed(message, code=f"{kind.code}.out-of-time")


def died(death: Death, *, kind: Kind, memory_max_bytes: int | None) -> WorkFailed:
    """Return the failure of work whose process ended before it was done."""
    last_words = f" Its last words: {death.last_words}" if death.last_words else ""
    if memory_max_bytes is not None and any(each in death.last_words for each in _WANTING_MEMORY):
        failure = out_of_memory(f"its process {death}", kind=kind, memory_max_bytes=memory_max_bytes)
        return WorkFailed(failure.message + last_words, code=failure.code)
    how = str(death)
    if death.status == -signal.SIGKILL:
        how += f"; when nobody did that, the machine ran out of memory: {kind.remedy}"
    elif memory_max_bytes is not None and -death.status in _ON_ITS_OWN_ACCOUNT:
        how += f"; perhaps for want of memory, of which it is allowed {memory_max_bytes // MIB:,} MiB"
    return WorkFailed(f"The process of the {kind.noun} {how}.{last_words}", code=f"{kind.code}.process-died")
