"""Which processes of the service live, by the signs that they give."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from application.ports.clock import Clock
from application.ports.presence import Presence

SIGN_EVERY_S = 1.0
"""How often a process gives a sign, and how often one is looked for."""

SILENCE_S = 5.0
"""A process that has given no sign for so long does not count."""

_FORGOTTEN_AFTER_S = 60.0


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A counter, since when it has stood there, and whether it is known to move."""

    counter: int
    since: float
    has_moved: bool


class Role(StrEnum):
    """What a process that gives signs does.

    WORKER: It trains.
    API: It answers commands, questions and predictions.
    """

    WORKER = "worker"
    API = "api"


def process_name(role: Role, *, host: str, pid: int) -> str:
    """Return the name under which a process gives its signs, which no other has while it lives."""
    return f"{role}:{host}:{pid}"


class ProcessWatch:
    """Judges processes by their counters and by this process's own monotonic clock; wall time plays no part.

    A counter that was there before anybody looked does not count until it moves: it may be a dead process's.

    Args:
        presence: Where processes give their signs.
        clock: By which silence is measured.
        silence_s: For how long a process may be silent.
    """

    def __init__(self, *, presence: Presence, clock: Clock, silence_s: float = SILENCE_S) -> None:
        self._presence = presence
        self._clock = clock
        self._silence_s = silence_s
        self._seen: Mapping[str, _Seen] = {}
        self._looked_at: float | None = None
        self._lock = Lock()

    def look(self) -> None:
        """See which counters have moved, and forget who has been silent for long.

        To be called more often than a process may be silent.

        Raises:
            Exception: The signs cannot be read.
        """
        counters = self._presence.signs()
        now = self._clock.monotonic()
        with self._lock:
            self._seen = {name: self._judged(name, counter, now) for name, counter in counters.items()}
            self._looked_at = now
            silent = [(name, each) for name, each in self._seen.items() if now - each.since >= _FORGOTTEN_AFTER_S]
        for name, each in silent:
            self._presence.forget(name, counter=each.counter)

    def alive(self, role: Role) -> int | None:
        """Return how many processes of the role have given a sign lately; None when that cannot be seen."""
        now = self._clock.monotonic()
        with self._lock:
            if self._looked_at is None or now - self._looked_at >= self._silence_s:
                return None
            return sum(
                each.has_moved and now - each.since < self._silence_s
                for name, each in self._seen.items()
                if name.startswith(f"{role}:")
            )

    def _judged(self, name: str, counter: int, now: float) -> _Seen:
        before = self._seen.get(name)
        if before is not None and before.counter == counter:
            return before
        return _Seen(counter=counter, since=now, has_moved=self._looked_at is not None)
