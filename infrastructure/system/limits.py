"""What the kernel lets this process take."""

import sys


def limit_memory(max_bytes: int) -> None:
    """Have allocations fail from here on once the process holds so much memory of its own, and dump no core.

    What was allocated counts, code and mapped files do not. Without effect where the system knows no limits.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on every system

    for limited, amount in ((resource.RLIMIT_DATA, max_bytes), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limited)
        allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(limited, (allowed, hard))
