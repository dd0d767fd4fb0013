"""Text of the data as reports have it: a report stays small, however long names and values are."""

from typing import TypeVar

from domain.inference.values import Label

Word = TypeVar("Word", str, Label, str | bool | None)

CHARS_MAX = 200


def shortened(word: Word) -> Word:
    """Return a name, value or label, of long text the beginning."""
    if isinstance(word, str) and len(word) > CHARS_MAX:
        return f"{word[: CHARS_MAX - 1]}…"
    return word
