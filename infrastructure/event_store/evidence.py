"""A log held against all that speaks for it: its chain, and what was signed of it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from application.audit.verification import BrokenAt, Verification, VerificationStopped
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.checkpoints import Checkpoint, sorted_out
from infrastructure.event_store.log_rows import Head, StoredLog
from infrastructure.event_store.portable_log import PortableLog, opened
from infrastructure.event_store.verification import OnProgress, Walk, sound_pages, verify


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What was signed of a log, as far as it can be relied on.

    Attributes:
        checkpoints: Each genuine, by a trusted key.
        keys: The trusted ones, raw.
        finding: What is wrong with another checkpoint; None where nothing is.
    """

    checkpoints: Sequence[Checkpoint]
    keys: Sequence[bytes]
    finding: ChainBroken | None

    @classmethod
    def of(cls, lines: Iterable[bytes], *, trusted: Sequence[bytes], must_be_there: bool) -> "Signed":
        """Return what the lines are worth.

        Args:
            lines: A checkpoint each.
            trusted: Public keys, raw.
            must_be_there: Whether it is a finding that none is signed with a trusted key.
        """
        checkpoints, finding = sorted_out(lines, trusted=trusted)
        if must_be_there and not checkpoints and finding is None:
            finding = ChainBroken(None, "no checkpoint is signed with the key that is trusted")
        return cls(checkpoints=checkpoints, keys=trusted, finding=finding)

    def require_genuine(self) -> None:
        """Demand that nothing is wrong with any checkpoint.

        Raises:
            ChainBroken: Something is.
        """
        if self.finding is not None:
            raise self.finding


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A log that is what was written.

    Attributes:
        head: Its newest position and hash.
        signed: What it was held against.
    """

    head: Head
    signed: Signed


def signed_of_home(files: CheckpointFiles, *, trusted: Sequence[bytes] = ()) -> Signed:
    """Return what was signed of a data directory's log.

    Args:
        files: Of the directory.
        trusted: Public keys; where none are given, those of the directory are trusted.

    Raises:
        KeyUnusable: One of its files holds no key.
    """
    lines = files.lines()
    return Signed.of(lines, trusted=trusted or files.trusted_keys(), must_be_there=bool(trusted))


def verify_stored(
    log: StoredLog,
    files: CheckpointFiles,
    *,
    trusted: Sequence[bytes] = (),
    on_begin: OnProgress = lambda _head: None,
    on_progress: OnProgress = lambda _position: None,
) -> Verified:
    """Verify the log of a store.

    Args:
        log: The log.
        files: Where its checkpoints are.
        trusted: Public keys; where none are given, those of the data directory are trusted.
        on_begin: Told of the newest position.
        on_progress: Told of the position reached.

    Raises:
        ChainBroken: It is not what was written.
        LogUnreachable: It cannot be read.
        KeyUnusable: A file of the data directory holds no key.
    """
    signed = signed_of_home(files, trusted=trusted)  # before the snapshot, which then has all that was signed
    with log.snapshot() as snapshot:
        on_begin(snapshot.head().position)
        head = verify(snapshot, checkpoints=signed.checkpoints, on_progress=on_progress)
    signed.require_genuine()
    return Verified(head=head, signed=signed)


def verify_portable(
    path: Path, *, trusted: Sequence[bytes] = (), on_progress: OnProgress = lambda _position: None
) -> Verified:
    """Verify a portable log; needs nothing but the file.

    Args:
        path: Of the file.
        trusted: Public keys; where none are given, those that the file names are trusted.
        on_progress: Told of the position reached.

    Raises:
        ChainBroken: It is not what was written.
        LogUnreachable: It cannot be read.
    """
    with closing(opened(path)) as file:
        portable = PortableLog(file)
        signed = signed_of_file(portable, trusted=trusted)
        walk = Walk()
        for _page in sound_pages(portable.pages(), walk=walk, checkpoints=signed.checkpoints):
            on_progress(walk.position)
    signed.require_genuine()
    return Verified(head=Head(position=walk.position, hash=walk.hash), signed=signed)


def signed_of_file(portable: PortableLog, *, trusted: Sequence[bytes] = ()) -> Signed:
    """Return what was signed of a portable log; where no keys are given, those that it names are trusted."""
    lines = [each.line for each in portable.checkpoints]
    return Signed.of(lines, trusted=trusted or portable.header.public_keys, must_be_there=bool(trusted))


class LogVerifier:
    """Verifies the log of a running service.

    Args:
        log: The log.
        files: Where its checkpoints are.
    """

    def __init__(self, *, log: StoredLog, files: CheckpointFiles) -> None:
        self._event_log = log
        self._files = files

    def __call__(self, *, is_wanted: Callable[[], bool]) -> Verification:
        """Return what a recomputation of the whole chain gives.

        Raises:
            VerificationStopped: It is wanted no more.
            LogUnreachable: The log cannot be read.
            KeyUnusable: A file of the data directory holds no key.
        """
        sound = 0

        def on_progress(position: int) -> None:
            nonlocal sound
            sound = position
            if not is_wanted():
                raise VerificationStopped

        signed = signed_of_home(self._files)
        try:
            with self._event_log.snapshot() as snapshot:
                head = verify(snapshot, checkpoints=signed.checkpoints, on_progress=on_progress)
            signed.require_genuine()
        except ChainBroken as broken:
            # the page in which it breaks is sound up to there
            sound = sound if broken.position is None else max(sound, broken.position - 1)
            return Verification(
                verified=False,
                events=sound,
                head=None,
                checkpoints=len(signed.checkpoints),
                broken_at=BrokenAt(position=broken.position, reason=broken.reason),
            )
        return Verification(
            verified=True,
            events=head.position,
            head=head.hash.hex(),
            checkpoints=len(signed.checkpoints),
            broken_at=None,
        )
