"""Versions brought into production one after the other, and which could have answered when."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class _Promotion:
    """A version, and between when it came into production.

    Attributes:
        answered_s: When that was said; until then it may or may not have happened.
    """

    version: str
    asked_s: float
    answered_s: float = math.inf


class Promotions:
    """The versions in turn, as the one who promotes them sees it.

    Args:
        versions: The first is in production already.
    """

    def __init__(self, versions: Sequence[str]) -> None:
        self._versions = versions
        self._known = [_Promotion(versions[0], -math.inf, -math.inf)]
        self.settled = versions[0]

    @property
    def count(self) -> int:
        """How many have been answered."""
        return sum(math.isfinite(each.answered_s) for each in self._known)

    def ask(self) -> str:
        """Return the version whose promotion is asked for now."""
        version = self._versions[len(self._known) % len(self._versions)]
        self._known.append(_Promotion(version, time.perf_counter()))
        return version

    def answered(self) -> None:
        """Note that the promotion asked for last has been answered."""
        self._known[-1].answered_s = time.perf_counter()
        self.settled = self._known[-1].version

    def refused(self) -> None:
        """Forget the promotion asked for last: nothing has changed."""
        self._known.pop()

    def could_answer(self, version: str, *, sent_s: float, received_s: float) -> bool:
        """Tell whether the version was, or may have been, in production while a request was on its way."""
        if version == self.settled:
            return True
        ends_s = [*(each.answered_s for each in self._known[1:]), math.inf]
        return any(
            each.version == version and each.asked_s <= received_s and end_s >= sent_s
            for each, end_s in zip(self._known, ends_s, strict=True)
        )
