"""The objects of a store that is elsewhere, in the order of a directory of artifacts: `<url>/ab/ab…`."""

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable, absent, url_of
from infrastructure.artifacts.clients import client_of, reason_of
from infrastructure.artifacts.local import is_sha256, place_of
from infrastructure.artifacts.remote_copies import settle_copy

IDENTITY = "store.id"
ASIDE = "collected"
"""Where a collection has what it removes, until it is sure."""

_FIRST_BYTES = 64 * 1024
"""Enough for who wants to know only what it is."""

_PIECE_BYTES = 8 * 1024 * 1024
_ASIDE_WITHIN_S = 30.0
_LOOK_S = 0.2


class RemoteFiles:
    """A directory of an object store. Safe for several processes, threads and machines at once.

    Every method raises `ArtifactStoreUnreachable` where the store cannot be asked, or refuses.

    Args:
        url: Where it is; it is not asked anything yet.

    Raises:
        RemotePlaceInvalid: The URL is none that this installation can read.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._bare, self._root = client_of(url)

    def identity(self) -> str:
        """Return what tells the store from every other one; the first to ask settles it."""
        with self._asked():
            if not self.has(IDENTITY):
                with suppress(FileExistsError):  # another process was first
                    self._bare.pipe_file(self._at(IDENTITY), uuid4().hex.encode("ascii"), mode="create")
            return str(self._bare.cat_file(self._at(IDENTITY)).decode("ascii"))

    def check(self) -> None:
        """Demand that something could be kept now, by keeping it and removing it again."""
        path = f"incoming/{uuid4().hex}"
        self.write(path, b"is there room?")
        self.remove(path)

    def has(self, path: str) -> bool:
        """Tell whether there is such an object."""
        with self._asked():
            try:
                self._bare.info(self._at(path))
            except FileNotFoundError:
                return False
            return True

    def write(self, path: str, content: bytes) -> None:
        """Write a small object."""
        with self._asked():
            self._bare.pipe_file(self._at(path), content)

    def remove(self, path: str) -> None:
        """Remove an object, if there is one."""
        with self._asked(), suppress(FileNotFoundError):
            self._bare.rm_file(self._at(path))

    def send(self, path: Path, sha256: str) -> None:
        """Keep a file of this machine, whose hash the caller has computed, under its name.

        It is sent even if there is such an object: that mends a damaged one, and tells a collection of it.

        Raises:
            ArtifactUnavailable: `sha256` is no hash.
        """
        name, give_up_at = place_of(sha256), time.monotonic() + _ASIDE_WITHIN_S
        while True:
            with self._asked():
                self._bare.put_file(str(path), self._at(name))
            # A collection has a copy aside before it looks for the last time whether an object is new, and as long
            # as it may remove it: who sees none of these, and the object after that, has outlived it.
            if not self.has(f"{ASIDE}/{sha256}") and self.has(name):
                return
            if time.monotonic() > give_up_at:
                message = (
                    f"{url_of(sha256)} is being collected, and cannot be kept meanwhile: try again. If no "
                    "collection runs, one was killed: let the operator run `ml-service artifacts collect`."
                )
                raise ArtifactStoreUnreachable(message)
            time.sleep(_LOOK_S)

    def pieces(self, sha256: str) -> Generator[bytes, None, None]:
        """Yield the bytes as they come, whatever they are.

        Raises:
            ArtifactUnavailable: There are none.
        """
        path = self._at(place_of(sha256))
        with self._asked():
            try:
                source = self._bare.open(path, "rb", block_size=_PIECE_BYTES, cache_type="none")
            except FileNotFoundError:
                raise absent(sha256) from None
        with closing(source):
            wanted = _FIRST_BYTES
            while True:
                with self._asked():
                    piece = source.read(wanted)
                if not piece:
                    return
                yield piece
                wanted = _PIECE_BYTES

    def where(self, sha256: str) -> str:
        """Return the URL of an artifact."""
        return f"{self._url}/{place_of(sha256)}"

    def names(self) -> Iterator[str]:
        """Yield the names of all artifacts, sorted."""
        yield from sorted(path.rpartition("/")[2] for path in self.infos() if is_artifact(path))

    def infos(self, below: str = "") -> Mapping[str, Mapping[str, Any]]:
        """Return path → what the store says of it, of all objects."""
        with self._asked():
            found = self._bare.find(self._at(below).rstrip("/"), detail=True)
        return {path.removeprefix(f"{self._root}/"): info for path, info in found.items()}

    def info(self, path: str) -> Mapping[str, Any]:
        """Return what the store says of an object that is there."""
        with self._asked():
            found: Mapping[str, Any] = self._bare.info(self._at(path))
        return found

    def copy(self, path: str, target: str) -> None:
        """Copy an object within the store; the copy is whole when this returns."""
        with self._asked():
            self._bare.cp_file(self._at(path), self._at(target))
            settle_copy(self._bare, self._at(target))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Tell what goes wrong as what it means."""
        try:
            yield
        except ArtifactUnavailable:
            raise
        except FileNotFoundError as error:  # clients do not always tell of what
            message = (
                f"The store of artifacts at {self._url} cannot be asked now: there is no such bucket, "
                "or an object went while it was used"
            )
            raise ArtifactStoreUnreachable(message) from error
        except Exception as error:  # each kind of store fails in ways of its own
            message = f"The store of artifacts at {self._url} cannot be asked now: {reason_of(error)}"
            raise ArtifactStoreUnreachable(message) from error


def is_artifact(path: str) -> bool:
    """Tell whether an object is an artifact, by its path."""
    name = path.rpartition("/")[2]
    return is_sha256(name) and path == place_of(name)
