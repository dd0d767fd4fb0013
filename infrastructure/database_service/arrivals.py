"""How far a collection is, when what is sent in order may arrive in any order, twice, or not at all."""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self

_MARK = re.compile(r"(\d{1,18})(?:\.(\d{1,9}))?", flags=re.ASCII)


class Mark(NamedTuple):
    """How far something was sent: up to a position, and so many parts of what comes after it."""

    position: int
    part: int = 0

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Return the mark that `str` wrote.

        Raises:
            ValueError: It is none.
        """
        found = _MARK.fullmatch(text)
        if found is None:
            msg = f"{text!r} is no position"
            raise ValueError(msg)
        return cls(int(found[1]), int(found[2] or 0))

    def __str__(self) -> str:
        return f"{self.position}.{self.part}" if self.part else str(self.position)


class Arrival(NamedTuple):
    """Everything that was sent after one mark, up to another."""

    after: Mark
    upto: Mark


class Arrived(NamedTuple):
    """What has arrived of a collection.

    Attributes:
        upto: Nothing is missing before this mark.
        ahead: What lies beyond a gap, in order, none touching the other.
    """

    upto: Mark = Mark(0)
    ahead: tuple[Arrival, ...] = ()

    def with_more(self, arrivals: Iterable[Arrival]) -> "Arrived":
        """Return what has arrived with these, in whatever order and however often they came."""
        upto = self.upto
        ahead: list[Arrival] = []
        for each in sorted((*self.ahead, *arrivals)):
            if each.after <= upto:
                upto = max(upto, each.upto)
            elif ahead and each.after <= ahead[-1].upto:
                ahead[-1] = Arrival(ahead[-1].after, max(ahead[-1].upto, each.upto))
            else:
                ahead.append(each)
        return Arrived(upto, tuple(ahead))

    def back_at(self, position: int) -> "Arrived":
        """Return what counts as arrived when a row has gone back to the position: nothing beyond it."""
        return Arrived(min(self.upto, Mark(position)))
