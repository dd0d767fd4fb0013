"""The notes of followers in a dictionary."""


class InMemoryFollowerPositions:
    """Positions and notes of one process."""

    def __init__(self) -> None:
        self._positions: dict[str, int] = {}
        self._notes: dict[str, str | None] = {}

    def get(self, name: str) -> int | None:
        return self._positions.get(name)

    def set(self, name: str, position: int) -> None:
        self._positions[name] = position

    def notes(self, name: str) -> str | None:
        return self._notes.get(name)

    def note(self, name: str, notes: str | None) -> None:
        self._notes[name] = notes
