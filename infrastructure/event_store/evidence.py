"""A log held against all that speaks for it: its chain, and what was signed of it."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from application.audit.verification import BrokenAt, Verification, VerificationStopped
from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoint_files import CheckpointFiles
from infrastructure.event_store.checkpoints import Checkpoint, sorted_out
from infrastructure.event_store.log_rows import Head, LogMissing, StoredLog
from infrastructure.event_store.portable_log import NoPortableLog, PortableLog, opened
from infrastructure.event_store.verification import OnProgress, Walk, sound_pages, verify


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What was signed of a log, as far as it can be relied on.

    Attributes:
        checkpoints: Each genuine, by a trusted key.
        keys: The trusted ones, raw.
        of_others: So many more there are, by other keys.
        finding: What is wrong with another checkpoint; None where nothing is.
    """

    checkpoints: Sequence[Checkpoint]
    keys: Sequence[bytes]
    of_others: int
    finding: ChainBroken | None

    @classmethod
    def of(cls, lines: Iterable[bytes], *, trusted: Sequence[bytes], are_named: bool) -> "Signed":
        """Return what the lines are worth.

        Keys that somebody names are those that count: what others have signed, as the key that came after a
        restoring has, is nothing to rely on and no finding, as long as one of these has signed anything.

        Args:
            lines: A checkpoint each.
            trusted: Public keys, raw.
            are_named: Whether somebody names the keys; else they are those that lie beside the log.
        """
        checkpoints, of_others, finding = sorted_out(lines, trusted=trusted, others_are_findings=not are_named)
        if are_named and not checkpoints and finding is None:
            finding = ChainBroken(
                None, f"no checkpoint is signed with the key that is trusted ({of_others} by others)"
            )
        return cls(checkpoints=checkpoints, keys=trusted, of_others=of_others, finding=finding)

    @property
    def position(self) -> int:
        """The newest that was signed; 0 where none was."""
        return max((each.position for each in self.checkpoints), default=0)

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
    return Signed.of(lines, trusted=trusted or files.trusted_keys(), are_named=bool(trusted))


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
        NoPortableLog: It is a file of another kind.
        ChainBroken: It is not what was written.
        LogUnreachable: It cannot be read.
    """
    with closing(opened(path)) as file:
        try:
            portable = PortableLog(file)
        except NoPortableLog:
            msg = f"{path} is no exported log"
            raise NoPortableLog(msg) from None
        signed = signed_of_file(portable, trusted=trusted)
        walk = Walk()
        for _page in sound_pages(portable.pages(), walk=walk, checkpoints=signed.checkpoints):
            on_progress(walk.position)
    signed.require_genuine()
    return Verified(head=Head(position=walk.position, hash=walk.hash), signed=signed)


def signed_of_file(portable: PortableLog, *, trusted: Sequence[bytes] = ()) -> Signed:
    """Return what was signed of a portable log; where no keys are given, those that it names are trusted."""
    lines = [each.line for each in portable.checkpoints]
    return Signed.of(lines, trusted=trusted or portable.header.public_keys, are_named=bool(trusted))


def contradiction(log: StoredLog, files: CheckpointFiles) -> str | None:
    """Return how the newest signed head contradicts the log, and what to do; None where it does not.

    Looks one position up: a log that agrees there may have been changed elsewhere.

    Args:
        log: The log; where there is none, it counts as an empty one.
        files: Of the data directory, whose own keys are trusted.

    Raises:
        LogUnreachable: The log cannot be read.
        KeyUnusable: A file of the data directory holds no key.
    """
    trusted = files.trusted_keys()
    signed = sorted(files.checkpoints(), key=attrgetter("position"), reverse=True)
    newest = next((each for each in signed if each.key in trusted and each.is_genuine), None)
    if newest is None:
        return None
    try:
        with log.snapshot() as snapshot:
            head, found = snapshot.head().position, snapshot.hash_at(newest.position)
    except LogMissing:
        head, found = 0, None
    if found == newest.hash:
        return None
    is_said = f"this data directory holds a signed head of position {newest.position} (of {newest.at_text})"
    if head < newest.position:
        is_said += (
            f", but the log ends at position {head}: it is another log or database than before, or it lost its end"
        )
    else:
        is_said += (
            ", but the log has another hash there: it is another log or database than before, or it was rewritten"
        )
    return (
        f"{is_said}. `ml-service audit verify` says where; a service is moved to another database or directory "
        "by `ml-service backup` and `ml-service restore`"
    )


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
