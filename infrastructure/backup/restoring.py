"""Makes a service's data directory and log again from a backup."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.sources import ArtifactDirectory
from infrastructure.backup.artifact_files import ArtifactDamaged, copy
from infrastructure.backup.manifest import ARTIFACTS, LOG, BackupDamaged, Manifest, persist_names
from infrastructure.backup.targets import UNFINISHED, target_at
from infrastructure.backup.unfinished import DirectoryNotEmpty
from infrastructure.backup.writing import OnStep, file_hash
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.evidence import Verified, signed_of_file, verify_portable
from infrastructure.event_store.portable_log import NoPortableLog, PortableLog, opened
from infrastructure.event_store.restoring import EmptyStore
from infrastructure.event_store.verification import Walk, sound_pages

_LOCK = "service.lock"
_CHECKPOINT_FILES = ("checkpoints.jsonl", "checkpoint-keys.txt")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A backup that was found whole.

    Attributes:
        manifest: What it says of itself.
        verified: What its log was held against.
    """

    manifest: Manifest
    verified: Verified


def check(
    directory: Path, *, trusted: tuple[bytes, ...] = (), on_step: OnStep = lambda _what, _done, _of: None
) -> Checked:
    """Verify every byte of a backup.

    Raises:
        BackupDamaged: It is unfinished, or one of its files is not what was written.
        ChainBroken: Its log is not what was written.
        LogUnreachable: Its log cannot be read.
        OSError: Another of its files cannot.
    """
    manifest = Manifest.read(directory)
    log = directory / LOG
    if not log.is_file():
        msg = f"{log} is missing"
        raise BackupDamaged(msg)
    events = manifest.log.events
    try:
        verified = verify_portable(
            log, trusted=trusted, on_progress=lambda position: on_step("verifying events", position, events)
        )
    except NoPortableLog as error:
        raise BackupDamaged(str(error)) from None
    if (verified.head.position, verified.head.hash.hex()) != (events, manifest.log.head):
        raise ChainBroken(verified.head.position, "the backup's manifest names another end of the log")
    if file_hash(log) != (manifest.log.sha256, manifest.log.size_bytes):
        msg = f"{log} is not the file that the manifest names"
        raise BackupDamaged(msg)
    for done, name in enumerate(sorted(manifest.artifacts)):
        on_step("verifying artifacts", done, len(manifest.artifacts))
        with _told_of(name):
            copy(name, source=ArtifactDirectory(directory / ARTIFACTS), target=None)
    return Checked(manifest=manifest, verified=verified)


def restore(
    directory: Path,
    *,
    home: Path,
    store: EmptyStore,
    artifacts: ArtifactPlace,
    trusted: tuple[bytes, ...] = (),
    on_step: OnStep = lambda _what, _done, _of: None,
) -> Checked:
    """Verify a backup, then make an empty data directory and an empty store into what it holds.

    Events keep their positions and hashes, so that everything that was signed of the log holds for what is
    restored. The log is written last and at once: a restoring that is killed before leaves no log, and can be
    begun again. Whoever calls keeps services away from the directory.

    Args:
        directory: The backup.
        home: The data directory.
        store: Of the log.
        artifacts: Where they go; below `home`, or empty like it.
        trusted: Public keys that the log must be signed with; where none are given, the backup's own.
        on_step: Told of the progress.

    Raises:
        DirectoryNotEmpty: The data directory, or the place for artifacts, holds something, which is left as it is.
        RemotePlaceInvalid: The place is a URL that this installation cannot read.
        ArtifactStoreUnreachable: The place cannot be asked.
        StoreNotEmpty: There is a log already, which is left as it is.
        BackupDamaged: The backup is not what was written.
        ChainBroken: Its log is not.
        LogUnreachable: The log cannot be read, or not be written.
        OSError: A file cannot be read or written, or the disk is full.
    """
    home = home.absolute()
    target = target_at(artifacts, home=home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_free(home, artifacts)
    target.require_free()
    store.require_empty()
    checked = check(directory, trusted=trusted, on_step=on_step)
    _clear(home)
    marker = home / UNFINISHED
    marker.mkdir(mode=0o700, exist_ok=True)
    target.begin()
    names = sorted(checked.manifest.artifacts)
    for done, name in enumerate(names):
        on_step("artifacts", done, len(names))
        with _told_of(name):
            target.take(name, source=directory / ARTIFACTS)
    target.persist()
    _write_log(directory / LOG, home=home, store=store, checked=checked, on_step=on_step)
    target.end()
    marker.rmdir()
    persist_names(home)
    return checked


def is_unfinished(home: Path) -> bool:
    """Tell whether a restore into the data directory has begun and not come to its end."""
    return (home / UNFINISHED).exists()


def _write_log(path: Path, *, home: Path, store: EmptyStore, checked: Checked, on_step: OnStep) -> None:
    total = checked.manifest.log.events
    walk = Walk()
    with closing(opened(path)) as file, store.writing() as write:
        portable = PortableLog(file)
        signed = signed_of_file(portable, trusted=checked.verified.signed.keys)
        for page in sound_pages(portable.pages(), walk=walk):
            write(page)
            on_step("events", walk.position, total)
        CheckpointFiles(home).write(signed.checkpoints, former_keys=signed.keys)


@contextmanager
def _told_of(name: str) -> Iterator[None]:
    """Tell what is wrong with an artifact of the backup."""
    try:
        yield
    except ArtifactStoreUnreachable:
        raise
    except ArtifactUnavailable:
        msg = f"artifact:{name} is missing in the backup"
        raise BackupDamaged(msg) from None
    except ArtifactDamaged as error:
        msg = f"artifact:{name} is damaged in the backup: {error}"
        raise BackupDamaged(msg) from None


def _require_free(home: Path, artifacts: ArtifactPlace) -> None:
    """Demand that nothing is there but what a restoring has left that did not come to its end."""
    there = {path.name for path in home.iterdir()} - {_LOCK}
    root = artifacts.root.absolute()
    if UNFINISHED in there:
        there -= {UNFINISHED, *_CHECKPOINT_FILES, *_leftovers(home)}
        there -= {root.relative_to(home).parts[0]} if root.is_relative_to(home) else set()
    if there:
        msg = f"{home} is not empty ({', '.join(sorted(there)[:3])}): name a data directory that is, or make one"
        raise DirectoryNotEmpty(msg)


def _leftovers(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if ".new" in path.name}


def _clear(home: Path) -> None:
    if (home / UNFINISHED).exists():
        for name in (*_CHECKPOINT_FILES, *_leftovers(home)):
            (home / name).unlink(missing_ok=True)
