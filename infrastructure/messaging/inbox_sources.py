"""Waiting for what an event leads to, where that is away: so often, for it may never come back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from application.ports.sources import SourceUnavailable
from infrastructure.messaging.inbox_reacting import Refused

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""Eight minutes and a half: a server has started anew meanwhile."""

_log = logging.getLogger(__name__)


class SourcePatience:
    """Has attempts made again that end with a source that cannot be read, so often and after growing pauses.

    Attributes:
        retries: So many were made again.

    Args:
        pauses_s: How long each pause is; after the last one there is one more attempt.
    """

    def __init__(self, *, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._pauses_s = pauses_s
        self.retries = 0

    async def outcome(self, attempt: Callable[[], Awaitable[bool | Refused]]) -> bool | Refused:
        """Return how the first attempt ends that ends otherwise, or else that it was given up.

        Args:
            attempt: Reacts to an event, as `Reacting.to` does.
        """
        pauses_s = iter(self._pauses_s)
        while True:
            outcome = await attempt()
            if not isinstance(outcome, Refused) or outcome.code != SourceUnavailable.code:
                return outcome
            if (pause_s := next(pauses_s, None)) is None:
                return self._given_up(outcome)
            _log.warning("tried again in %g s: %s", pause_s, outcome.reason)
            self.retries += 1
            await asyncio.sleep(pause_s)

    def _given_up(self, refused: Refused) -> Refused:
        tries, within_s = len(self._pauses_s) + 1, sum(self._pauses_s)
        reason = (
            f"{refused.reason} It was tried {tries} times within {within_s:,.0f} s: see that it can be reached, "
            "then replay this dead letter."
        )
        return Refused(code=refused.code, reason=reason)
