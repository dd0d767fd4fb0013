"""A dependency that may never answer, asked within bounds: by one thread at a time, once a second at most."""

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread

from application.health.addresses import without_secrets
from application.ports.clock import Clock
from application.ports.health import Condition, Dependency, HealthStatus

_PROBLEM_MAX_CHARS = 300


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of a dependency.

    Attributes:
        dependency: Which.
        condition: How it fares.
        looked_at: When it was asked.
        took_s: How long it took to answer, or for how long it has not.
    """

    dependency: Dependency
    condition: Condition
    looked_at: datetime
    took_s: float


class Look:
    """One look at a dependency, by a thread of its own.

    Attributes:
        began: When, by the monotonic clock.
        done: Has the finding, once there is one.
    """

    def __init__(self, dependency: Dependency, *, clock: Clock) -> None:
        self._dependency = dependency
        self._clock = clock
        self._looked_at = clock.now()
        self.began = clock.monotonic()
        self.done: Future[Finding] = Future()
        self.done.set_running_or_notify_cancel()  # so that who stops waiting for it does not end it for others
        # a daemon, because what it waits for may never come, and the process is to end all the same
        Thread(target=self._run, name=f"probe-{dependency.name}", daemon=True).start()

    def age_s(self) -> float:
        """Return how long ago it began, in seconds."""
        return self._clock.monotonic() - self.began

    def finding(self) -> Finding:
        """Return what it has shown; where it has not yet, that the dependency does not answer."""
        if self.done.done():
            return self.done.result()
        problem = f"no answer for {self.age_s():.1f} s"
        return self._found(Condition(status=HealthStatus.UNHEALTHY, problem=problem))

    def _run(self) -> None:
        try:
            condition = self._dependency.probe()
        except Exception as error:
            condition = Condition(status=HealthStatus.UNHEALTHY, problem=_in_a_line(error))
        self.done.set_result(self._found(condition))

    def _found(self, condition: Condition) -> Finding:
        return Finding(
            dependency=self._dependency, condition=condition, looked_at=self._looked_at, took_s=self.age_s()
        )


class Asked:
    """A dependency, and the last look at it. Safe to use from several threads.

    Args:
        dependency: What is asked.
        clock: Tells how old the look is.
        kept_s: So old a finding may be.
    """

    def __init__(self, dependency: Dependency, *, clock: Clock, kept_s: float) -> None:
        self.dependency = dependency
        self._clock = clock
        self._kept_s = kept_s
        self._look: Look | None = None
        self._lock = Lock()

    def look(self) -> Look:
        """Return a look that goes on or is not old, else a new one."""
        with self._lock:
            if self._look is None or (self._look.done.done() and self._is_old(self._look.done.result())):
                self._look = Look(self.dependency, clock=self._clock)
            return self._look

    def _is_old(self, finding: Finding) -> bool:
        assert self._look is not None
        return self._look.age_s() - finding.took_s >= self._kept_s


def _in_a_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return without_secrets(text)[:_PROBLEM_MAX_CHARS]
