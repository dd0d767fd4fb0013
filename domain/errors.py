"""Why a command or question is not answered with success.

DomainError
├── InvalidInput        the words of the request are off: which field, why, and the value given
├── NotFound            what is named does not exist
├── Refusal             well said, but the business says no
├── StaleVersion        the caller decided on an older state than the one stored
└── UnreadableHistory   what is asked for depends on an event that this program cannot read
"""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

PROBLEMS_MAX = 20
"""An error names so many problems at most: a hostile request must not buy a report without end."""
_WORD_MAX_CHARS = 255
_KNOWN_MAX = 1_000


class FieldProblem(BaseModel):
    """One thing wrong with one field of a request.

    Attributes:
        field: Where, as a dotted path with indexes (`features[3].age`).
        message: What is wrong and what to do.
        value: What was given; None where nothing was.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    message: str
    value: Any = None


class DomainError(Exception):
    """The request cannot be granted, for a reason its sender can act on.

    Attributes:
        code: Stable, dotted name of the reason; part of the public contract.
        message: One sentence for a person.
        details: Facts a program can use.
    """

    code: str = "domain.error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(DomainError):
    """One or more fields of a request cannot be accepted.

    Attributes:
        problems: What is wrong, the first `PROBLEMS_MAX` of it; no more are drawn from the iterable.
    """

    code = "request.invalid"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(islice(problems, PROBLEMS_MAX))
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in self.problems))

    @classmethod
    def of(cls, field: str, message: str, value: Any = None) -> "InvalidInput":
        """Make the error for a single field."""
        return cls([FieldProblem(field=field, message=message, value=value)])


class NotFound(DomainError):
    """What the request names does not exist."""

    code = "request.not-found"


class Refusal(DomainError):
    """The business says no."""

    code = "request.refused"


class StaleVersion(DomainError):
    """The caller's `If-Match` names another version than the stored one."""

    code = "request.stale-version"

    def __init__(self, *, expected: int, actual: int) -> None:
        super().__init__(
            f"You decided on version {expected}, the stored one is {actual}: read it again, then decide again.",
            expected=expected,
            actual=actual,
        )


class UnreadableHistory(DomainError):
    """A decision needs a history of which this program cannot read an event: nobody knows what it meant.

    It was stored by a newer program, or it is damaged.
    """

    code = "history.unreadable"

    def __init__(self, *, stream_id: UUID, version: int, topic: str, error: str) -> None:
        super().__init__(
            f"The history of {stream_id} holds an event {topic!r} at version {version} that this program cannot "
            "read, so it decides nothing about it. If a newer program stored the event, upgrade this one and ask "
            "again; if none did, the event is damaged: verify the log.",
            id=str(stream_id),
            version=version,
            topic=topic,
            reason=error,
        )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was probably meant to be, or None.

    Comparing costs the product of the lengths: words past 255 characters, and known ones past the
    first 1,000, are not looked at.
    """
    if len(word) > _WORD_MAX_CHARS:
        return None
    by_folded = {each.casefold(): each for each in islice(known, _KNOWN_MAX) if len(each) <= _WORD_MAX_CHARS}
    match = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest known word, or the empty string."""
    match = nearest(word, known)
    return f" Did you mean {match!r}?" if match is not None else ""
