"""Signs of life in a dictionary."""

from collections.abc import Mapping


class InMemoryPresence:
    """Counters of one process."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}

    def sign(self, name: str) -> None:
        self._counters[name] = self._counters.get(name, 0) + 1

    def signs(self) -> Mapping[str, int]:
        return dict(self._counters)

    def forget(self, name: str, *, counter: int | None = None) -> None:
        if counter is None or self._counters.get(name) == counter:
            self._counters.pop(name, None)
