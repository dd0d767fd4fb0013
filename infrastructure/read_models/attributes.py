"""Free-form fields, flattened into values that are found by key."""

from collections.abc import Callable, Iterator, Mapping
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


_THE_ONLY_ONE = (True, True)
"""At its key: so it is the least and the greatest."""

Key = tuple[str, str]
"""The root, which is the name of the free-form field, and the key inside of it."""

Attributes = Mapping[Key, tuple[Value, ...]]
"""The values at each key."""


def flatten(root: str, content: Any) -> Attributes:
    """Return the values of a free-form field.

    Keys of nested objects are joined by dots; elements of a list are values at the list's own key, each
    once; null is no value.
    """
    if isinstance(content, dict):
        flat = _flat(root, content)
        if flat is not None:
            return flat
    found: dict[str, dict[Value, None]] = {}
    for key, value in _leaves("", content):
        found.setdefault(key, {})[value] = None
    return {(root, indexed_key(key)): _ranked(tuple(values)) for key, values in found.items()}


def _flat(root: str, content: dict[str, Any]) -> Attributes | None:
    """Return the same for an object that holds nothing but scalars, as most do; None for any other."""
    found: dict[Key, tuple[Value, ...]] = {}
    for key, value in content.items():
        if value is None:
            continue
        leaf = _SCALARS.get(type(value))
        if leaf is None:
            return None
        found[root, indexed_key(key)] = (leaf(value),)
    return found


def _of_text(value: str) -> Value:
    text = searchable(value)
    return Value(None, text[:INDEXED_CHARS], text[INDEXED_CHARS:], None, *_THE_ONLY_ONE)


def _of_number(value: float) -> Value:
    return Value(number(value), None, "", None, *_THE_ONLY_ONE)


def _of_boolean(value: Any) -> Value:
    return Value(None, None, "", value, *_THE_ONLY_ONE)


_SCALARS: Mapping[type, Callable[[Any], Value]] = {
    str: _of_text,
    int: _of_number,
    float: _of_number,
    bool: _of_boolean,
}


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
            yield key, _of_boolean(value)
        case int() | float():
            yield key, _of_number(value)
        case str():
            yield key, _of_text(value)
        case Mapping():
            if key:
                yield key, Value()
            for name, each in value.items():
                yield from _leaves(f"{key}.{name}" if key else name, each)
        case _:
            yield key, Value()
            for each in value:
                yield from _leaves(key, each)
