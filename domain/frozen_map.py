"""A mapping that never changes and is cheap to grow."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_RECENT_MAX = 128


class FrozenMap(Mapping[Key, Value]):
    """An immutable mapping of which a larger one shares all but its newest entries.

    A state that is copied with every event must not copy its 10,000 entries each time: here most of
    them lie in a dictionary that many generations share, and only a short one is copied.
    """

    __slots__ = ("_recent", "_settled", "_size")

    def __init__(self, entries: Mapping[Key, Value] | None = None) -> None:
        self._settled: Mapping[Key, Value] = dict(entries or {})
        self._recent: Mapping[Key, Value] = {}
        self._size = len(self._settled)

    def with_item(self, key: Key, value: Value) -> "FrozenMap[Key, Value]":
        """Return the mapping in which the key has this value."""
        recent = {**self._recent, key: value}
        if len(recent) > _RECENT_MAX:
            return FrozenMap({**self._settled, **recent})
        larger = FrozenMap[Key, Value]()
        larger._settled = self._settled
        larger._recent = recent
        larger._size = self._size + (key not in self)
        return larger

    def without(self, key: Key) -> "FrozenMap[Key, Value]":
        """Return the mapping that lacks the key."""
        return FrozenMap({each: value for each, value in self.items() if each != key})

    def __getitem__(self, key: Key) -> Value:
        if key in self._recent:
            return self._recent[key]
        return self._settled[key]

    def __iter__(self) -> Iterator[Key]:
        yield from self._settled
        yield from (key for key in self._recent if key not in self._settled)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"FrozenMap({dict(self)})"


def frozen(entries: Mapping[Key, Value]) -> FrozenMap[Key, Value]:
    """Return the entries as a mapping that never changes: themselves if they are one."""
    return entries if isinstance(entries, FrozenMap) else FrozenMap(entries)
