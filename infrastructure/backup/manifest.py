"""What a backup says of itself: written last, so that one without it is known to be unfinished."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from domain.kernel import Immutable
from infrastructure.event_store.chain_breaks import ChainBroken

MANIFEST = "manifest.json"
LOG = "log.jsonl.gz"
ARTIFACTS = "artifacts"

_MANIFEST_MAX_BYTES = 1024 * 1024 * 1024

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class BackupDamaged(Exception):
    """The backup is not what was written; the message says what is wrong."""


class LogFile(Immutable):
    """The portable log.

    Attributes:
        sha256: Of the file as it lies there.
        events: So many it holds.
        head: The newest hash.
    """

    sha256: Sha256
    size_bytes: int = Field(ge=0)
    events: int = Field(ge=0)
    head: Sha256


class Missing(Immutable):
    """An artifact that the log names and that could not be copied.

    Attributes:
        position: Of the first event that names it; None where another artifact does.
        reason: Why not.
    """

    sha256: Sha256
    position: int | None
    reason: str

    @property
    def finding(self) -> ChainBroken:
        """The finding, in words."""
        return ChainBroken(self.position, f"artifact:{self.sha256} {self.reason}")


class Manifest(Immutable):
    """All that belongs to a backup.

    Attributes:
        created_at: RFC 3339.
        artifacts: sha256 → size in bytes.
        missing: What should be there and was not when the backup was made.
    """

    format: Literal["ml-service-backup"] = "ml-service-backup"
    version: Literal[1] = 1
    created_at: str
    log: LogFile
    artifacts: dict[Sha256, int]
    missing: tuple[Missing, ...]

    def write(self, directory: Path) -> None:
        """Make the backup a finished one; on disk from then on.

        Raises:
            OSError: The disk is full or does not work.
        """
        new = directory / f"{MANIFEST}.new"
        with new.open("xb") as file:
            file.write(self.model_dump_json(indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(directory / MANIFEST)
        persist_names(directory)

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Return what a backup says of itself.

        Raises:
            BackupDamaged: It is unfinished, or this part of it is damaged.
            OSError: There is no such directory, or it cannot be read.
        """
        path = directory / MANIFEST
        directory.stat()  # that there is no such directory is no damage
        try:
            if path.stat().st_size > _MANIFEST_MAX_BYTES:
                msg = f"{path} is larger than any manifest"
                raise BackupDamaged(msg)
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            msg = f"{directory} holds no finished backup: it has no {MANIFEST}"
            raise BackupDamaged(msg) from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            msg = f"{path} is damaged: {f'{where}: ' if where else ''}{first['msg']}"
            raise BackupDamaged(msg) from None


def persist_names(directory: Path) -> None:
    """Have the names of a directory's files survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
