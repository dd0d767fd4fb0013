"""The versions of a model, packed: ten thousand are three strings of bytes, and one is made when it is looked up.

A state is copied with every event and read back whole by a new process. Neither may cost an object for
each version, of which a decision looks at two.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from domain.kernel import Immutable
from domain.models.values import ModelStatus

_ID = Struct("16s")
_ROW = Struct("<BIqI")
"""Status, place of registration, instant of the last move (µs since 1970), where its number begins."""
_STATUSES = (ModelStatus.STAGING, ModelStatus.PRODUCTION, ModelStatus.ARCHIVED, ModelStatus.DEPRECATED)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RECENT_MAX = 128


class Version(Immutable):
    """What decisions need to know of one version.

    Attributes:
        registered_at: The place in the model's stream of the event that registered it.
        updated_at: When it was registered or last moved.
    """

    id: UUID
    number: str
    status: ModelStatus
    registered_at: int
    updated_at: datetime


class Move(NamedTuple):
    """What changed last of a version."""

    status: ModelStatus
    updated_at: datetime


class Columns:
    """Versions in the order of their registration, from place 0 on.

    Where an id or a number is, is worked out when it is first asked for, in a millisecond.

    Args:
        ids: 16 bytes each.
        rows: What else is of one size.
        numbers: Each as JSON, which has no line break, and a line break.
    """

    def __init__(self, ids: bytes = b"", rows: bytes = b"", numbers: bytes = b"") -> None:
        self.ids = ids
        self.rows = rows
        self.numbers = numbers

    @property
    def parts(self) -> tuple[bytes, bytes, bytes]:
        """What these columns can be made of again."""
        return self.ids, self.rows, self.numbers

    def place_of(self, version_id: UUID) -> int | None:
        """Return where the version of this id is; None when there is none."""
        return self._places.get(version_id.bytes)

    def place_of_number(self, number: str) -> int | None:
        """Return where the version of this number is; None when there is none."""
        return self._places_of_numbers.get(_line(number))

    def id_at(self, place: int) -> UUID:
        """Return the id of the version at this place."""
        return UUID(bytes=self.ids[place * _ID.size : (place + 1) * _ID.size])

    def at(self, place: int) -> Version:
        """Return the version at this place."""
        status, registered_at, updated_at, begin = _ROW.unpack_from(self.rows, place * _ROW.size)
        return Version.model_construct(
            id=self.id_at(place),
            number=json.loads(self.numbers[begin : self.numbers.index(b"\n", begin)]),
            status=_STATUSES[status],
            registered_at=registered_at,
            updated_at=_EPOCH + updated_at * _MICROSECOND,
        )

    def with_changes(self, moved: Mapping[UUID, Move], added: Iterable[Version]) -> "Columns":
        """Return the columns in which these versions have moved, and to which those are added."""
        ids, rows, numbers = bytearray(self.ids), bytearray(self.rows), bytearray(self.numbers)
        for version_id, move in moved.items():
            place = self.place_of(version_id)
            if place is not None:
                begin = place * _ROW.size
                _, registered_at, _, number_at = _ROW.unpack_from(rows, begin)
                rows[begin : begin + _ROW.size] = _row(move, registered_at, number_at)
        for version in added:
            ids += version.id.bytes
            rows += _row(Move(version.status, version.updated_at), version.registered_at, len(numbers))
            numbers += _line(version.number)
        return Columns(bytes(ids), bytes(rows), bytes(numbers))

    def __len__(self) -> int:
        return len(self.ids) // _ID.size

    @cached_property
    def _places(self) -> Mapping[bytes, int]:
        return {version_id: place for place, (version_id,) in enumerate(_ID.iter_unpack(self.ids))}

    @cached_property
    def _places_of_numbers(self) -> Mapping[bytes, int]:
        return {line: place for place, line in enumerate(self.numbers.splitlines(keepends=True))}


class Versions(Mapping[UUID, Version]):
    """Versions by id, in the order of their registration; a generation shares all but its newest changes.

    To add one or to move one looks for none: what folds a history does nothing else.

    Args:
        columns: Those to begin with.
    """

    __slots__ = ("_added", "_columns", "_moved")

    def __init__(self, columns: Columns | None = None) -> None:
        self._columns = columns if columns is not None else Columns()
        self._moved: Mapping[UUID, Move] = {}
        self._added: Mapping[UUID, Version] = {}

    def with_version(self, version: Version) -> "Versions":
        """Return the versions and this one, which is new."""
        if version.id in self._added:
            return self._settled().with_version(version)
        return self._changed(self._moved, {**self._added, version.id: version})

    def with_move(self, version_id: UUID, status: ModelStatus, *, at: datetime) -> "Versions":
        """Return the versions of which this one, which is there, has this status since that instant."""
        added = self._added.get(version_id)
        if added is None:
            return self._changed({**self._moved, version_id: Move(status, at)}, self._added)
        moved = added.model_copy(update={"status": status, "updated_at": at})
        return self._changed(self._moved, {**self._added, version_id: moved})

    def columns(self) -> Columns:
        """Return all of them packed."""
        if not self._moved and not self._added:
            return self._columns
        return self._columns.with_changes(self._moved, self._added.values())

    def id_of(self, number: str) -> UUID | None:
        """Return the id of the version that has this number; None when none has."""
        added = next((each.id for each in self._added.values() if each.number == number), None)
        if added is not None:
            return added
        place = self._columns.place_of_number(number)
        return self._columns.id_at(place) if place is not None else None

    def __getitem__(self, version_id: UUID) -> Version:
        if version_id in self._added:
            return self._added[version_id]
        place = self._columns.place_of(version_id)
        if place is None:
            raise KeyError(version_id)
        version = self._columns.at(place)
        move = self._moved.get(version_id)
        return version if move is None else version.model_copy(update=move._asdict())

    def __iter__(self) -> Iterator[UUID]:
        columns = self.columns()
        return (columns.id_at(place) for place in range(len(columns)))

    def __len__(self) -> int:
        return len(self._columns) + len(self._added)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Versions):
            return self.columns().parts == other.columns().parts
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # as of every mapping

    def __repr__(self) -> str:
        return f"<{len(self)} versions>"

    def _changed(self, moved: Mapping[UUID, Move], added: Mapping[UUID, Version]) -> "Versions":
        changed = Versions(self._columns)
        changed._moved, changed._added = moved, added
        return changed if len(moved) + len(added) <= _RECENT_MAX else changed._settled()

    def _settled(self) -> "Versions":
        return Versions(self.columns())


class Numbers(Mapping[str, UUID]):
    """Number → version id, of the same versions."""

    __slots__ = ("_versions",)

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def __getitem__(self, number: str) -> UUID:
        version_id = self._versions.id_of(number)
        if version_id is None:
            raise KeyError(number)
        return version_id

    def __iter__(self) -> Iterator[str]:
        return (version.number for version in self._versions.values())

    def __len__(self) -> int:
        return len(self._versions)


def _row(move: Move, registered_at: int, number_at: int) -> bytes:
    updated_at = (move.updated_at - _EPOCH) // _MICROSECOND
    return _ROW.pack(_STATUSES.index(move.status), registered_at, updated_at, number_at)


def _line(number: str) -> bytes:
    return json.dumps(number).encode() + b"\n"
