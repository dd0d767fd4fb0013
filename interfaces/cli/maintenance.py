"""What the commands that look after a service's data need; whoever composes the program provides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Protocol

import typer

from interfaces.cli.progress_bars import OnStep

Home = Annotated[Path | None, typer.Option(help="Data directory.", show_default=".ml-service")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="PostgreSQL of the service (postgresql://…).", show_default="SQLite in the data directory"),
]
PublicKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--public-key",
        help="The key whose checkpoints count: 64 hexadecimal digits, or a file. May be given again.",
        show_default="the data directory's own, or those that the file names",
    ),
]


@dataclass(frozen=True, kw_only=True)
class SignedHead:
    """A head of the chain that was signed.

    Attributes:
        hash: In hexadecimal, like the public keys.
        former_keys: That signed before, where this is the first head that a new key has signed.
    """

    position: int
    hash: str
    at: str
    public_key: str
    former_keys: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SoundLog:
    """A log that is what was written.

    Attributes:
        events: So many there are.
        head: The newest hash, in hexadecimal.
        checkpoints: So many signed heads it was held against.
        checkpoints_of_others: So many more there are, of keys that were not named, which do not count.
        signed_position: Of the newest signed head that it was held against; 0 where there is none.
        public_keys: That were trusted, in hexadecimal.
    """

    events: int
    head: str
    checkpoints: int
    checkpoints_of_others: int
    signed_position: int
    public_keys: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A backup that was made or restored.

    Attributes:
        artifacts: So many, and their size together.
        findings: What should be there and is not.
    """

    events: int
    head: str
    artifacts: int
    size_bytes: int
    findings: Sequence[str]


class Maintenance(Protocol):
    """What can be done with a service's data, whether it runs or not.

    Every method raises an `Ending` where it cannot be done, or where something is found.
    """

    def verify(self, file: Path | None, *, public_keys: Sequence[str], on_step: OnStep) -> SoundLog:
        """Verify a portable log, or where none is given the log itself."""

    def export(self, into: BinaryIO, *, on_step: OnStep) -> SoundLog:
        """Write the portable log."""

    def checkpoint(self) -> SignedHead | None:
        """Sign the newest head; None where there is no event yet."""

    def back_up(self, directory: Path, *, on_step: OnStep) -> Copied:
        """Copy the log and all artifacts into an empty directory."""

    def restore(self, directory: Path, *, public_keys: Sequence[str], on_step: OnStep) -> Copied:
        """Make an empty data directory and store into what a backup holds."""


class OpenMaintenance(Protocol):
    """Returns it for a data directory, a database's URL and a place of artifacts."""

    def __call__(
        self, home: Path | None, database_url: str | None, *, artifacts: str | None = None
    ) -> Maintenance:
        """Return it; None stands for what the settings say."""
