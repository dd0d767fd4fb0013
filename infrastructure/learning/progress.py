"""Rounds are fast; those who watch them need some."""

import time
from collections.abc import Callable

from application.ports.trainer import Iteration

INTERVAL_S = 0.05


class Thinned:
    """Passes on the first round, then about twenty a second, in order, and in any case the best ones.

    A round that was the best so far and not passed on is passed on before the next one; `finish` passes
    on what is left, so that the last round and the best of all are always seen.
    """

    def __init__(
        self, send: Callable[[Iteration], None], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._send = send
        self._monotonic = monotonic
        self._due = -1.0
        self._best: Iteration | None = None
        self._last: Iteration | None = None

    def __call__(self, iteration: Iteration) -> None:
        """Take note of a round."""
        self._last = iteration
        if iteration.is_best:
            self._best = iteration
        now = self._monotonic()
        if now >= self._due:
            self._due = now + INTERVAL_S
            self.finish()

    def finish(self) -> None:
        """Pass on the best and the last round, where that was not done before."""
        best, last = self._best, self._last
        self._best = self._last = None
        if best is not None and best is not last:
            self._send(best)
        if last is not None:
            self._send(last)
