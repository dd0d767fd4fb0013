"""An object store that artifacts can be taken out of."""

from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from application.ports.artifacts import ArtifactStoreUnreachable
from infrastructure.artifacts.local import is_sha256, place_of
from infrastructure.artifacts.remote_files import ASIDE, RemoteFiles, is_artifact
from infrastructure.artifacts.waste import Lying

_INSTANTS = ("LastModified", "last_modified", "updated", "mtime", "created")
"""What the kinds of stores call the moment when an object was written."""


class RemoteWaste:
    """An object store. It knows no rename: a copy goes aside first, then the object if it is old still.

    Whoever keeps an artifact looks, after it was sent, whether there is a copy aside, and sends it again until
    there is none (`RemoteFiles.send`): so one that was kept in between is not lost either.

    Args:
        files: The store.
    """

    def __init__(self, files: RemoteFiles) -> None:
        self._files = files

    def names(self) -> Iterator[str]:
        """Yield the names of all artifacts, sorted."""
        return self._files.names()

    def pieces(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield the bytes of one, whatever they are."""
        return self._files.pieces(sha256)

    def where(self, sha256: str) -> str:
        """Return the URL of an artifact."""
        return self._files.where(sha256)

    def lying(self) -> Iterator[Lying]:
        """Yield all artifacts, in no order."""
        for path, info in self._files.infos().items():
            if is_artifact(path):
                yield Lying(path.rpartition("/")[2], int(info["size"]), self._instant(info))

    def aside(self) -> Iterator[str]:
        """Yield the names of those that are aside."""
        yield from filter(is_sha256, [path.rpartition("/")[2] for path in self._files.infos(ASIDE)])

    def set_aside(self, name: str, *, before: datetime) -> bool:
        """Put an artifact aside, and tell whether it is."""
        place, aside = place_of(name), f"{ASIDE}/{name}"
        if not self._files.has(place):
            return False
        self._files.copy(place, aside)
        if self._instant(self._files.info(place)) >= before:
            self._files.remove(aside)
            return False
        self._files.remove(place)
        return True

    def put_back(self, name: str) -> None:
        """Put an artifact back that is aside."""
        self._files.copy(f"{ASIDE}/{name}", place_of(name))
        self._files.remove(f"{ASIDE}/{name}")

    def forget(self, name: str) -> None:
        """Remove what is aside, for good."""
        self._files.remove(f"{ASIDE}/{name}")

    def clear_incoming(self, *, before: datetime) -> None:
        """Remove what was left by who only tried whether it can write."""
        for path, info in self._files.infos("incoming").items():
            if self._instant(info) < before:
                self._files.remove(path)

    def _instant(self, info: Mapping[str, Any]) -> datetime:
        match next((info[each] for each in _INSTANTS if info.get(each) is not None), None):
            case datetime() as instant:
                return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
            case str() as text:
                return datetime.fromisoformat(text)
            case int() | float() as seconds:
                return datetime.fromtimestamp(seconds, tz=UTC)
            case _:
                message = (
                    "The store of artifacts does not tell when an object was written: nothing can be collected."
                )
                raise ArtifactStoreUnreachable(message)
