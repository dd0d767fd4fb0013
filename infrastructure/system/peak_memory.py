"""The most memory that this process has held."""

import sys
from pathlib import Path

_KIB = 1024


def peak_memory_bytes() -> int | None:
    """Return the most that was resident at any time since the program began; None where nothing tells."""
    # not getrusage where it can be helped: what it says begins with the peak of the process that started this one
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return _of_usage()
    return next((int(line.split()[1]) * _KIB for line in status.splitlines() if line.startswith("VmHWM:")), None)


def _of_usage() -> int | None:
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - not on every system

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB
