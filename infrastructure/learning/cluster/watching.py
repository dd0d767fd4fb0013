"""Waiting for what workers of a Dask cluster do, for no longer than they are there.

Dask itself waits without end for a worker that is to do what no other may do.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from distributed import Client, Future, wait

from application.ports.work import WorkFailed
from infrastructure.jobs.protocol import Failed
from infrastructure.learning.cluster.protocol import PEERS_FAILED

_PATIENCE_S = 20
"""For the scheduler to answer, for a first worker to be there, and for what a worker has done to arrive."""
_LOOK_S = 1.0
"""How often it is asked which workers there are."""
_AFTERMATH_S = 5.0
"""Peers of one that failed fail of that: so long it is waited for what tells why."""
_TOLD_MAX_CHARS = 2_000
_FAILED = "training.cluster-failed"

Outcome = TypeVar("Outcome")
Task = tuple[str, tuple[Any, ...]]
"""The address of a worker, and what it is told."""


@contextmanager
def connected(address: str) -> Iterator["Cluster"]:
    """Connect to the cluster; whatever its workers still do for us in the end, they are to leave.

    Raises:
        WorkFailed: It cannot be reached, or fails: `training.cluster-unreachable`, `training.cluster-failed`.
    """
    try:
        client = Client(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        message = f"The Dask cluster at {address} cannot be reached: {error} Start it, then train again."
        raise WorkFailed(message, code="training.cluster-unreachable") from error
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_S)
        yield Cluster(client, address=address)
    except (WorkFailed, MemoryError):
        raise
    except Exception as error:  # what a worker raised
        raise failed(address, f"{type(error).__name__}: {error}") from error
    finally:
        client.close(timeout=_PATIENCE_S)


class Cluster:
    """The workers of a cluster.

    Args:
        client: Of its scheduler.
        address: The scheduler's.
    """

    def __init__(self, client: Client, *, address: str) -> None:
        self._client = client
        self._address = address

    def workers(self) -> list[str]:
        """Return the addresses of those that are there, sorted."""
        return sorted(self._client.scheduler_info()["workers"])

    def each(self, work: Callable[..., Outcome | Failed], tasks: Sequence[Task]) -> list[Outcome]:
        """Have workers do something, and return what came of it, in the order of the tasks.

        Args:
            work: What they do; where it gives `Failed`, all have failed.
            tasks: Who, and with what.

        Raises:
            WorkFailed: One has failed; or it is gone, or the scheduler is (`training.cluster-failed`).
            Exception: What one raised.
        """
        futures = [
            self._client.submit(work, *told, workers=[worker], allow_other_workers=False, pure=False)
            for worker, told in tasks
        ]
        waiting = dict(enumerate(futures))
        found: dict[int, Outcome] = {}
        failures: list[tuple[str, Failed]] = []
        until = math.inf
        while waiting:
            for place in self._ended(waiting):
                outcome = waiting.pop(place).result(timeout=_PATIENCE_S)
                if isinstance(outcome, Failed):
                    failures.append((tasks[place][0], outcome))
                    until = min(until, time.monotonic() + _AFTERMATH_S)
                else:
                    found[place] = outcome
            if gone := {tasks[place][0] for place in waiting}.difference(self.workers()):
                raise failed(self._address, f"the worker {min(gone)} is gone.")
            for worker, failure in failures:
                if failure.code != PEERS_FAILED:
                    raise WorkFailed(
                        f"On the worker {worker} of the Dask cluster: {failure.message}", code=failure.code
                    )
            if failures and (not waiting or time.monotonic() >= until):
                worker, failure = failures[0]
                raise failed(self._address, f"on the worker {worker}: {failure.message}")
        return [found[place] for place in range(len(futures))]

    def _ended(self, waiting: Mapping[int, Future[Any]]) -> list[int]:
        """Wait a moment for some to end, and return which have."""
        with suppress(TimeoutError, CancelledError):
            wait(list(waiting.values()), timeout=_LOOK_S, return_when="FIRST_COMPLETED")
        # who has lost its scheduler for a moment has lost what it was given, too
        is_lost = any(future.status in ("cancelled", "lost") for future in waiting.values())
        if is_lost or self._client.status != "running":
            raise failed(self._address, "its scheduler is gone, or does not do any more what it was given.")
        return [place for place, future in waiting.items() if future.status != "pending"]


def failed(address: str, why: str) -> WorkFailed:
    """Return the failure of a training for which the cluster is to blame."""
    message = f"The training on the Dask cluster at {address} failed: {why}"
    return WorkFailed(f"{message[:_TOLD_MAX_CHARS]} Look after the cluster, then train again.", code=_FAILED)
