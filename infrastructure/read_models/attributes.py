"""Free-form fields, flattened into values that are found by key."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from infrastructure.read_models.values import number, searchable

INDEXED_CHARS = 200
"""So much of a text or key is indexed: databases bound the size of an index row, people their texts less."""


class Value(NamedTuple):
    """One value at a key: a number, a text (its rest is what goes beyond the index), a boolean, or, with
    none of these, the fact that a list or object stands there.

    The least and the greatest at a key stand for all in orders: numbers before texts before booleans.
    """

    number: float | None = None
    text: str | None = None
    text_rest: str = ""
    boolean: bool | None = None
    is_least: bool = False
    is_greatest: bool = False


Key = tuple[str, str]
"""The root, which is the name of the free-form field, and the key inside of it."""

Attributes = Mapping[Key, tuple[Value, ...]]
"""The values at each key."""


def flatten(root: str, content: Any) -> Attributes:
    """Return the values of a free-form field.

    Keys of nested objects are joined by dots; elements of a list are values at the list's own key, each
    once; null is no value.
    """
    found: dict[str, dict[Value, None]] = {}
    for key, value in _leaves("", content):
        found.setdefault(key, {})[value] = None
    return {(root, indexed_key(key)): _ranked(tuple(values)) for key, values in found.items()}


def indexed_key(key: str) -> str:
    """Return the key as it is stored: a long one by its beginning and its digest."""
    key = searchable(key)
    if len(key) <= INDEXED_CHARS:
        return key
    digest = sha256(key.encode()).hexdigest()
    return key[: INDEXED_CHARS - len(digest)] + digest


def _ranked(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if len(values) == 1:
        return values
    comparable = (
        [each for each in values if each.number is not None]
        or [each for each in values if each.text is not None]
        or [each for each in values if each.boolean is not None]
    )
    if not comparable:
        return values
    least, greatest = min(comparable, key=_rank), max(comparable, key=_rank)
    return tuple(each._replace(is_least=each is least, is_greatest=each is greatest) for each in values)


def _rank(value: Value) -> tuple[float, str, bool]:
    return value.number or 0, f"{value.text or ''}{value.text_rest}", bool(value.boolean)


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Value]]:
    """Yield every value with its key, as if it were the only one there."""
    match value:
        case None:
            return
        case bool():
            yield key, Value(boolean=value, is_least=True, is_greatest=True)
        case int() | float():
            yield key, Value(number=number(value), is_least=True, is_greatest=True)
        case str():
            text = searchable(value)
            beginning, rest = text[:INDEXED_CHARS], text[INDEXED_CHARS:]
            yield key, Value(text=beginning, text_rest=rest, is_least=True, is_greatest=True)
        case Mapping():
            if key:
                yield key, Value()
            for name, each in value.items():
                yield from _leaves(f"{key}.{name}" if key else name, each)
        case _:
            yield key, Value()
            for each in value:
                yield from _leaves(key, each)
