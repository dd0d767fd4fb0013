"""What indexes narrow a condition down to: the only documents that can fulfil it, when they are few.

No plan can be made for all values of a filter: of a team there are fifty models, of a status nine in ten.
So each part that an index can answer is tried first, and is either few ids, or left to be held against each
document that the page passes by. That is what a planner does with its figures; what it estimates wrong, and
differently in every database, is counted here.
"""

from collections.abc import Iterable, Sequence, Set
from math import inf
from typing import NamedTuple

from application.ports.filters import And, Comparison, Condition, OneOf, Or
from infrastructure.read_models.asking import Asking, Ids
from infrastructure.read_models.conditions import Translation

TRIED_MAX = 16
"""So many parts of a filter are tried: each takes a moment, even when it turns out to be common."""


class Candidates(NamedTuple):
    """The only documents that can fulfil a condition.

    Attributes:
        number: At most so many.
        selections: What finds them, each some.
        are_certain: Whether every one of them does.
        are_by_column: Whether all are found by columns of their own, so that the condition itself finds them.
    """

    number: int
    selections: tuple[Ids, ...]
    are_certain: bool
    are_by_column: bool

    @property
    def effort(self) -> int:
        """What it takes to look at them, against others: those found by key are looked up once more, by id."""
        return self.number if self.are_by_column else self.number * 3


class Narrowing:
    """Finds candidates among the documents of one source.

    Args:
        fields: The fields of the source: of no others are candidates known.
        translation: Writes the conditions.
        asking: Where they are counted.
    """

    def __init__(self, fields: Iterable[str], *, translation: Translation, asking: Asking) -> None:
        self._fields = frozenset(fields)
        self._translation = translation
        self._asking = asking
        self._tried = 0
        self._numbers: dict[Condition, int] = {}

    @property
    def uncommon(self) -> Set[Condition]:
        """The parts, of those tried, that turned out to be rare or a few times more common than that."""
        return self._numbers.keys()

    def rarest_first(self, conditions: Iterable[Condition]) -> list[Condition]:
        """Return the conditions so that those come first that fewest documents are known to fulfil."""
        return sorted(conditions, key=lambda each: self._numbers.get(each, inf))

    def of_all(self, conditions: Sequence[Condition]) -> tuple[Candidates | None, list[Condition]]:
        """Return the candidates for fulfilling all of the conditions, and which of these are left to check."""
        narrowest: tuple[Condition, Candidates] | None = None
        for condition in conditions:
            candidates = self._of(condition)
            if candidates is not None and (narrowest is None or candidates.effort < narrowest[1].effort):
                narrowest = condition, candidates
        if narrowest is None:
            return None, list(conditions)
        by, found = narrowest
        return found, [each for each in conditions if each is not by or not found.are_certain]

    def _of(self, condition: Condition) -> Candidates | None:
        match condition:
            case Comparison() | OneOf() if condition.field.root in self._fields:
                return self._by_index(condition)
            case And():
                found, left = self.of_all(condition.conditions)
                return None if found is None else found._replace(are_certain=found.are_certain and not left)
            case Or():
                return self._of_any(condition.conditions)
        return None

    def _of_any(self, conditions: Iterable[Condition]) -> Candidates | None:
        found = Candidates(0, (), are_certain=True, are_by_column=True)
        for condition in conditions:
            more = self._of(condition)
            if more is None:
                return None
            found = Candidates(
                found.number + more.number,
                found.selections + more.selections,
                are_certain=found.are_certain and more.are_certain,
                are_by_column=found.are_by_column and more.are_by_column,
            )
        return found

    def _by_index(self, condition: Comparison | OneOf) -> Candidates | None:
        selection = self._translation.by_index(condition)
        if selection is None or self._tried >= TRIED_MAX:
            return None
        self._tried += 1
        count = self._asking.count_uncommon(selection)
        if count is None:
            return None
        self._numbers[condition] = count
        if count > self._asking.rare_rows:
            return None
        return Candidates(count, (selection,), are_certain=True, are_by_column=condition.field.key is None)
