"""Watching over workers: a job whose worker shows no sign of life for a lease is taken from it."""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from application.jobs.attempts import Attempts
from application.ports.clock import Clock
from application.ports.heartbeats import Heartbeats
from domain.errors import DomainError
from domain.jobs.values import InterruptionCause

_log = logging.getLogger(__name__)

_LOOKS_MIN = 4
"""So often a counter is seen to stand still before its job is taken: who could not look, for the database was away
or everything here was paused, knows nothing of the time between."""

Held = tuple[UUID, int]
"""A job and the attempt that holds it."""


class LeaseWatch:
    """Judges each held job by its heartbeat counter and by this process's own monotonic clock.

    Wall time plays no part: a clock that steps can neither end a healthy attempt nor keep a dead one. Time in
    which nobody looked counts for a quarter of a lease at most.

    Args:
        running: Returns the jobs of every kind that are held now, by which attempt.
        attempts: Of jobs of every kind.
        lease_s: How long a counter may stand still.
    """

    def __init__(
        self,
        *,
        running: Callable[[], Iterable[Held]],
        heartbeats: Heartbeats,
        attempts: Attempts[Any],
        clock: Clock,
        lease_s: float,
    ) -> None:
        self._running = running
        self._heartbeats = heartbeats
        self._attempts = attempts
        self._clock = clock
        self._lease_s = lease_s
        self._looked_at = clock.monotonic()
        self._seen: dict[Held, tuple[int, float]] = {}

    def look(self) -> None:
        """Take every job from a worker whose counter has stood still for a lease.

        To be called several times a lease.
        """
        counters = self._heartbeats.counters()
        held = set(self._running())
        now = self._clock.monotonic()
        passed_s = min(now - self._looked_at, self._lease_s / _LOOKS_MIN)
        self._looked_at = now
        self._seen = {each: self._judged(each, counters.get(each, 0), passed_s) for each in held}
        for each, (_, silent_s) in list(self._seen.items()):
            if silent_s >= self._lease_s:
                self._take(each)
        for job_id, attempt in counters.keys() - held:
            self._heartbeats.clear(job_id, attempt)

    def _judged(self, held: Held, counter: int, passed_s: float) -> tuple[int, float]:
        before, silent_s = self._seen.get(held, (None, 0.0))
        return (counter, silent_s + passed_s if before == counter else 0.0)

    def _take(self, held: Held) -> None:
        job_id, attempt = held
        try:
            self._attempts.interrupt(job_id, attempt, InterruptionCause.WORKER_LOST)
            _log.warning("job %s: attempt %d lost its worker", job_id, attempt)
        except DomainError as refusal:  # its worker was faster, after all
            _log.info("job %s: %s", job_id, refusal.message)
        self._heartbeats.clear(job_id, attempt)
        del self._seen[held]
