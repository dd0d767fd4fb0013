"""Puts together what looks after a service's data: it needs the settings, and no service that runs."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from eventsourcing.persistence import PersistenceError
from sqlalchemy.exc import SQLAlchemyError

from application.ports.artifacts import ArtifactStoreUnreachable
from infrastructure.artifacts.belonging import ArtifactsElsewhere
from infrastructure.artifacts.collecting import ArtifactsOfAnother
from infrastructure.artifacts.place import RemotePlaceInvalid
from infrastructure.artifacts.references import LogNotUnderstood
from infrastructure.backup.manifest import BackupDamaged, Manifest
from infrastructure.backup.restoring import restore
from infrastructure.backup.unfinished import DirectoryNotEmpty
from infrastructure.backup.writing import OnStep, back_up
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoint_files import CheckpointFiles, KeyUnusable, parsed_public_key
from infrastructure.event_store.checkpointer import Checkpointer, sign_head
from infrastructure.event_store.evidence import (
    LogVerifier,
    Signed,
    contradiction,
    signed_of_home,
    verify_portable,
    verify_stored,
)
from infrastructure.event_store.log_rows import Head, LogUnreachable, StoredLog
from infrastructure.event_store.portable_log import NoPortableLog, export
from infrastructure.event_store.postgres_log import PostgresLog
from infrastructure.event_store.restoring import EmptyPostgresStore, EmptySQLiteStore, EmptyStore, StoreNotEmpty
from infrastructure.event_store.sqlite_log import SQLiteLog
from infrastructure.postgres_connection import DatabaseURLInvalid, conninfo
from infrastructure.system.clock import SystemClock
from interfaces.cli.maintenance import Copied, SignedHead, SoundLog
from interfaces.cli.verdicts import Finding, Misused, OutOfReach
from interfaces.home import HomeTaken, HomeUnusable, locked_home
from interfaces.settings import Settings
from interfaces.stores import artifact_place

_log = logging.getLogger(__name__)


def stored_log(settings: Settings) -> StoredLog:
    """Return the log, to be read past the service.

    Raises:
        Misused: The database's URL is none.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        try:
            conninfo(url)
        except DatabaseURLInvalid as error:
            raise Misused(str(error)) from error
        return PostgresLog(url)
    return SQLiteLog(settings.events_path)


def log_verifier(settings: Settings) -> LogVerifier:
    """Return what verifies the log for whoever asks the service."""
    return LogVerifier(log=stored_log(settings), files=CheckpointFiles(settings.home))


def checkpointer(settings: Settings) -> Checkpointer:
    """Return what signs the head of the chain while events come; its caller starts and stops it."""
    return Checkpointer(log=stored_log(settings), files=CheckpointFiles(settings.home), clock=SystemClock())


def warn_of_contradiction(settings: Settings) -> None:
    """Say it where the log is not the one whose head was signed in the data directory, or lost its end.

    Reading goes on, for somebody may have to look; what was signed stays, and so does the finding.
    """
    try:
        found = contradiction(stored_log(settings), CheckpointFiles(settings.home))
    except (LogUnreachable, KeyUnusable) as error:
        found = str(error)
    if found is not None:
        _log.error("%s", found)


class ServiceMaintenance:
    """What can be done with a service's data, whether it runs or not.

    Args:
        settings: Where the data are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._event_log = stored_log(settings)
        self._files = CheckpointFiles(settings.home)

    def verify(self, file: Path | None, *, public_keys: Sequence[str], on_step: OnStep) -> SoundLog:
        """Verify a portable log, or where none is given the log itself."""
        trusted = _parsed(public_keys)
        with told_as_endings():
            total: int | None = None

            def on_begin(head: int) -> None:
                nonlocal total
                total = head

            def on_progress(position: int) -> None:
                on_step("events", position, total)

            if file is None:
                verified = verify_stored(
                    self._event_log, self._files, trusted=trusted, on_begin=on_begin, on_progress=on_progress
                )
            else:
                verified = verify_portable(file, trusted=trusted, on_progress=on_progress)
            return _sound(verified.head, verified.signed)

    def export(self, into: BinaryIO, *, on_step: OnStep) -> SoundLog:
        """Write the portable log."""
        with told_as_endings():
            signed = signed_of_home(self._files)
            signed.require_genuine()
            with self._event_log.snapshot() as snapshot:
                total = snapshot.head().position
                head = export(
                    snapshot,
                    into,
                    checkpoints=signed.checkpoints,
                    public_keys=signed.keys,
                    at=SystemClock().now(),
                    on_progress=lambda position: on_step("events", position, total),
                )
            return _sound(head, signed)

    def checkpoint(self) -> SignedHead | None:
        """Sign the newest head; None where there is no event yet."""
        former: list[bytes] = []
        with told_as_endings():
            signed = sign_head(self._event_log, self._files, at=SystemClock().now(), on_new_key=former.extend)
        if signed is None:
            return None
        return SignedHead(
            position=signed.position,
            hash=signed.hash.hex(),
            at=signed.at_text,
            public_key=signed.key.hex(),
            former_keys=[key.hex() for key in former],
        )

    def back_up(self, directory: Path, *, on_step: OnStep) -> Copied:
        """Copy the log and all artifacts into an empty directory."""
        with told_as_endings():
            manifest = back_up(
                directory,
                log=self._event_log,
                files=self._files,
                artifacts=artifact_place(self._settings),
                at=SystemClock().now(),
                on_step=on_step,
            )
            return _copied(manifest)

    def restore(self, directory: Path, *, public_keys: Sequence[str], on_step: OnStep) -> Copied:
        """Make an empty data directory and store into what a backup holds."""
        trusted = _parsed(public_keys)
        with told_as_endings(), locked_home(self._settings):
            checked = restore(
                directory,
                home=self._settings.home,
                store=self._empty_store(),
                artifacts=artifact_place(self._settings),
                trusted=trusted,
                on_step=on_step,
            )
            return _copied(checked.manifest)

    def _empty_store(self) -> EmptyStore:
        if self._settings.database_url is not None:
            return EmptyPostgresStore(self._settings.database_url.get_secret_value())
        return EmptySQLiteStore(self._settings.events_path)


def _parsed(public_keys: Sequence[str]) -> tuple[bytes, ...]:
    try:
        return tuple(parsed_public_key(each) for each in public_keys)
    except KeyUnusable as error:
        raise Misused(str(error)) from error


def _sound(head: Head, signed: Signed) -> SoundLog:
    return SoundLog(
        events=head.position,
        head=head.hash.hex(),
        checkpoints=len(signed.checkpoints),
        checkpoints_of_others=signed.of_others,
        signed_position=signed.position,
        public_keys=[key.hex() for key in signed.keys],
    )


def _copied(manifest: Manifest) -> Copied:
    return Copied(
        events=manifest.log.events,
        head=manifest.log.head,
        artifacts=len(manifest.artifacts),
        size_bytes=manifest.log.size_bytes + sum(manifest.artifacts.values()),
        findings=[str(each.finding) for each in manifest.missing],
    )


@contextmanager
def told_as_endings() -> Iterator[None]:
    """Tell what went wrong in the words of the command line.

    Raises:
        Ending: In place of what the block raises.
    """
    try:
        yield
    except (ChainBroken, BackupDamaged, LogNotUnderstood) as error:
        raise Finding(str(error)) from error
    except (
        ArtifactsElsewhere,
        ArtifactsOfAnother,
        DirectoryNotEmpty,
        StoreNotEmpty,
        HomeTaken,
        NoPortableLog,
        RemotePlaceInvalid,
    ) as error:
        raise Misused(str(error)) from error
    except (LogUnreachable, KeyUnusable, HomeUnusable) as error:
        raise OutOfReach(str(error)) from error
    except ArtifactStoreUnreachable as error:
        raise OutOfReach(error.message) from error
    except (PersistenceError, SQLAlchemyError) as error:
        raise OutOfReach(" ".join(str(error).partition("(Background")[0].split())) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise OutOfReach(f"{error.strerror or error}:{where}".rstrip(":")) from error
