"""Rounds are fast; who passes them on need not be called for each."""

import time
from collections.abc import Callable, Sequence

from application.ports.trainer import Iteration

INTERVAL_S = 0.05


class Gathered:
    """Passes on every round, in order: the first at once, then about twenty times a second what has come since.

    `finish` passes on what is left.
    """

    def __init__(
        self, send: Callable[[Sequence[Iteration]], None], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._send = send
        self._monotonic = monotonic
        self._due = -1.0
        self._rounds: list[Iteration] = []

    def __call__(self, iteration: Iteration) -> None:
        """Take note of a round."""
        self._rounds.append(iteration)
        now = self._monotonic()
        if now >= self._due:
            self._due = now + INTERVAL_S
            self.finish()

    def finish(self) -> None:
        """Pass on the rounds that were not yet."""
        if self._rounds:
            rounds, self._rounds = self._rounds, []
            self._send(rounds)
