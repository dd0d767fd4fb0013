"""Following a training job to its end."""

import time
from collections.abc import Iterator
from typing import Any

from interfaces.cli.connection import Connection

_ENDED = frozenset({"completed", "failed", "cancelled"})
_PAUSE_S = 0.2


def follow_job(connection: Connection, job_id: str, *, wait_s: int) -> Iterator[dict[str, Any]]:
    """Yield the job as it is now, then every `wait_s` seconds, and as it ended.

    Raises:
        Refused, Unreachable: The service does not tell; the job goes on without us.
    """
    prefer = None
    while True:
        asked = time.monotonic()
        job = connection.get(f"/training-jobs/{job_id}", prefer=prefer)
        yield job
        if job["status"] in _ENDED:
            return
        prefer = f"wait={wait_s}"
        # a service that does not wait must not be asked without a pause
        time.sleep(max(0.0, _PAUSE_S - (time.monotonic() - asked)))
