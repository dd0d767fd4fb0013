"""Makes a backup of a service, whether it runs or not."""

import gzip
import io
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from application.ports.artifacts import ArtifactStoreUnreachable, ArtifactUnavailable
from application.views import instant_text
from infrastructure.artifacts.belonging import ArtifactsElsewhere
from infrastructure.artifacts.place import ArtifactPlace
from infrastructure.artifacts.references import NamedArtifacts
from infrastructure.artifacts.sources import ArtifactSource, source_at
from infrastructure.backup.artifact_files import ArtifactDamaged, copy, persist_all
from infrastructure.backup.manifest import ARTIFACTS, LOG, LogFile, Manifest, Missing
from infrastructure.backup.unfinished import begun, require_free
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.evidence import Signed, signed_of_home
from infrastructure.event_store.log_rows import Head, Snapshot, StoredLog
from infrastructure.event_store.portable_log import export

_COMPRESSION = 6

OnStep = Callable[[str, int, int | None], None]
"""Told what is being done, how much of it is done, and of how much; None where that is not known."""


def back_up(
    directory: Path,
    *,
    log: StoredLog,
    files: CheckpointFiles,
    artifacts: ArtifactPlace,
    at: datetime,
    on_step: OnStep = lambda _what, _done, _of: None,
) -> Manifest:
    """Copy the log, what was signed of it, and all artifacts, and return what was copied.

    The log is that of one moment; artifacts are copied after it, so that none is missing that it names. The
    key that signs stays where it is: whoever holds a backup can verify, and cannot sign.

    Args:
        directory: Empty, not there yet, or left by a backup that was killed.
        log: The service's.
        files: Of its data directory.
        artifacts: Where the service keeps them.
        at: The instant.
        on_step: Told of the progress.

    Raises:
        DirectoryNotEmpty: The directory holds something else.
        ArtifactsElsewhere: The log names artifacts, and their directory is not there.
        RemotePlaceInvalid: They are at a URL that this installation cannot read.
        ArtifactStoreUnreachable: They are elsewhere, and that cannot be asked.
        ChainBroken: The log is not what was written; nothing is a backup then.
        LogUnreachable: The log cannot be read.
        OSError: The directory cannot be written, or the disk is full.

    Whatever is raised, nothing of the backup is left.
    """
    require_free(directory)
    source = source_at(artifacts)
    signed = signed_of_home(files)  # before the snapshot, which then has all that was signed
    signed.require_genuine()
    named = NamedArtifacts()
    with ExitStack() as reading:
        snapshot = reading.enter_context(log.snapshot())  # first: nothing is made where there is no log
        with begun(directory):
            log_file = _write_log(
                directory / LOG, snapshot=snapshot, signed=signed, at=at, named=named, on_step=on_step
            )
            reading.close()
            if named.positions and artifacts.url is None and not artifacts.root.is_dir():
                raise ArtifactsElsewhere(_elsewhere(artifacts.root, named))
            copied, missing = _copy_artifacts(directory / ARTIFACTS, source=source, named=named, on_step=on_step)
            manifest = Manifest(
                created_at=instant_text(at),
                log=log_file,
                artifacts=copied,
                missing=tuple(sorted(missing, key=_order)),
            )
            manifest.write(directory)
    return manifest


def _write_log(
    path: Path,
    *,
    snapshot: Snapshot,
    signed: Signed,
    at: datetime,
    named: NamedArtifacts,
    on_step: OnStep,
) -> LogFile:
    with path.open("xb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_COMPRESSION, filename="", mtime=0) as compressed,
            io.BufferedWriter(compressed, 1024 * 1024) as file,
        ):
            total = snapshot.head().position
            head: Head = export(
                snapshot,
                file,
                checkpoints=signed.checkpoints,
                public_keys=signed.keys,
                at=at,
                on_events=named,
                on_progress=lambda position: on_step("events", position, total),
            )
        raw.flush()
        os.fsync(raw.fileno())
    digest, size = file_hash(path)
    return LogFile(sha256=digest, size_bytes=size, events=head.position, head=head.hash.hex())


def _copy_artifacts(
    target: Path, *, source: ArtifactSource, named: NamedArtifacts, on_step: OnStep
) -> tuple[dict[str, int], list[Missing]]:
    names = list(source.names())
    copied: dict[str, int] = {}
    missing: dict[str, Missing] = {}
    further: set[str] = set()
    for done, name in enumerate(names):
        on_step("artifacts", done, len(names))
        try:
            one = copy(name, source=source, target=target)
        except ArtifactStoreUnreachable:
            raise
        except ArtifactUnavailable:
            continue  # gone since it was listed: a finding below if anything names it
        except ArtifactDamaged as error:
            reason = f"is damaged: {error}"
            missing[name] = Missing(sha256=name, position=named.positions.get(name), reason=reason)
        else:
            copied[name] = one.size_bytes
            if name in named.positions:
                further |= one.names
    on_step("artifacts", len(names), len(names))
    persist_all(target)
    for name in [*named.positions, *sorted(further)]:
        if name not in copied and name not in missing:
            reason = f"is missing: it is not at {source.where(name)}"
            missing[name] = Missing(sha256=name, position=named.positions.get(name), reason=reason)
    return copied, list(missing.values())


def file_hash(path: Path) -> tuple[str, int]:
    """Return a file's sha256 and size in bytes."""
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _elsewhere(artifacts: Path, named: NamedArtifacts) -> str:
    count, first = len(named.positions), min(named.positions.values())
    return (
        f"events name {count} artifacts, from position {first} on, and there is no directory {artifacts}: name "
        "the one where the service has them as --artifacts, or make an empty one where they are lost"
    )


def _order(missing: Missing) -> tuple[int, str]:
    return (missing.position or 0, missing.sha256)
