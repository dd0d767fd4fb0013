"""Which artifacts a log refers to."""

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from uuid import UUID

from eventsourcing.persistence import JSONTranscoder, StoredEvent

from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable
from domain.kernel import UnknownEvent
from infrastructure.artifacts.sources import ArtifactSource
from infrastructure.event_store.log_rows import EventRow, StoredLog
from infrastructure.event_store.mapper import EventMapper

_URL = re.compile(rb"artifact:([0-9a-f]{64})")
_CONTENTS = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_DATASET_TOPIC = b"dataset.registered."
_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_DOCUMENT = (b"{", b"[")
_OVERLAP_BYTES = 65
"""Of a hash, and of what comes before it."""


class NamedArtifacts:
    """The artifacts that events name, each with the first position that does.

    Attributes:
        positions: sha256 → position.
    """

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}

    def __call__(self, events: Sequence[EventRow]) -> None:
        """Take in events."""
        for position, _, _, topic, state, _ in events:
            found = _URL.findall(state)
            if topic.startswith(_DATASET_TOPIC):
                found += _CONTENTS.findall(state)
            for name in found:
                self.positions.setdefault(name.decode(), position)


class LogNotUnderstood(Exception):
    """An event cannot be read by this program, so nobody knows what it refers to; the message says which."""


class References:
    """All that a log could refer to, for those who remove the rest: every hash in any event, or in what it names.

    Hashes of other things do no harm, as there are no artifacts of these names.

    Args:
        log: The log, read past the service.
        source: The artifacts; those that the log refers to and that are documents are followed.
    """

    def __init__(self, log: StoredLog, source: ArtifactSource) -> None:
        self._log = log
        self._source = source
        self._mapper = EventMapper(JSONTranscoder())
        self._names: set[str] = set()
        self._position = 0

    def up_to_now(self) -> frozenset[str]:
        """Return all names, those of what was appended since the last time among them.

        Raises:
            LogNotUnderstood: An event cannot be read.
            LogUnreachable: The log cannot.
            ArtifactStoreUnreachable: The store cannot be asked.
        """
        with self._log.snapshot() as snapshot:
            for events, _ in snapshot.pages():
                self._take_in([event for event in events if event[0] > self._position])
        return frozenset(self._names)

    def _take_in(self, events: Sequence[EventRow]) -> None:
        for position, stream, version, topic, state, is_sound in events:
            stored = StoredEvent(UUID(stream.decode()), version, topic.decode(), state) if is_sound else None
            event = None if stored is None else self._mapper.to_domain_event(stored)
            if event is None or isinstance(event, UnknownEvent):
                why = "is damaged" if event is None else f"cannot be read by this program ({event.error})"
                msg = (
                    f"position {position}: the event {why}: nobody knows what it refers to, and nothing is removed"
                )
                raise LogNotUnderstood(msg)
            self._follow(_hashes((state,)))
            self._position = position

    def _follow(self, names: set[str]) -> None:
        """Note the names, and those that documents of these names hold, and so on."""
        while new := names - self._names:
            self._names |= new
            names = set[str]().union(*map(self._named_by, new))

    def _named_by(self, name: str) -> set[str]:
        try:
            with closing(self._source.pieces(name)) as pieces:
                first = next(pieces, b"")
                return _hashes(chain([first], pieces)) if first.startswith(_DOCUMENT) else set()
        except ArtifactStoreUnreachable:
            raise
        except ArtifactUnavailable:
            return set()


def _hashes(pieces: Iterable[bytes]) -> set[str]:
    found, before = set[str](), b""
    for piece in pieces:
        text = before + piece
        found.update(each.decode() for each in _HASH.findall(text))
        before = text[-_OVERLAP_BYTES:]
    return found
