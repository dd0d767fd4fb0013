"""Signs the head of the chain every now and then, while events come."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.ports.clock import Clock
from infrastructure.event_store.checkpoint_files import CheckpointFiles, OnNewKey
from infrastructure.event_store.checkpoints import Checkpoint
from infrastructure.event_store.log_rows import Head, LogUnreachable, StoredLog

EVERY_EVENTS = 1_000
EVERY_S = 300.0

_log = logging.getLogger(__name__)


def sign_head(
    log: StoredLog, files: CheckpointFiles, *, at: datetime, on_new_key: OnNewKey = lambda _former: None
) -> Checkpoint | None:
    """Sign the newest link of the log's chain; None when there is no event yet.

    Args:
        log: Whose chain is signed.
        files: Where the checkpoint goes.
        at: The instant.
        on_new_key: Told where a key had to be made although others have signed before.

    Raises:
        LogUnreachable: The log cannot be read.
        KeyUnusable: The key cannot.
        OSError: The checkpoint cannot be written.
    """
    with log.snapshot() as snapshot:
        head = snapshot.head()
    return None if head == Head() else files.sign(head, at=at, on_new_key=on_new_key)


class Checkpointer:
    """A thread that signs the head with the first page, after so many events or so much time, and at the end.

    It signs what the store says is the newest hash, unverified: a log that was rewritten before is found out by
    the checkpoints before. What fails is logged and tried again with the next event.

    Args:
        log: Whose chain is signed.
        files: Where the checkpoints go.
        clock: Gives their instants.
        every_events: After so many.
        every_s: After so long, if there was an event.
    """

    def __init__(
        self,
        *,
        log: StoredLog,
        files: CheckpointFiles,
        clock: Clock,
        every_events: int = EVERY_EVENTS,
        every_s: float = EVERY_S,
    ) -> None:
        self._event_log = log
        self._files = files
        self._clock = clock
        self._every_events = every_events
        self._every_s = every_s
        self._signed_position: int | None = None
        self._seen_position = 0
        self._due = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def on_page(self, position: int, _events: Any = None) -> None:
        """Learn that the log has come to the position; costs nothing and never fails."""
        self._seen_position = max(self._seen_position, position)
        signed = self._signed_position
        if signed is None or self._seen_position - signed >= self._every_events:
            self._due.set()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Sign the head a last time, and end."""
        self._is_stopping = True
        self._due.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping:
            self._due.wait(self._every_s)
            self._due.clear()
            if self._seen_position > (self._signed_position or 0) and not self._is_stopping:
                self._sign()
        self._sign()

    def _sign(self) -> None:
        seen = self._seen_position
        try:
            now = self._clock.now()
            checkpoint = sign_head(self._event_log, self._files, at=now, on_new_key=_tell_of_new_key)
        except LogUnreachable as error:
            _log.warning("No checkpoint was signed: %s", error)
        except Exception:
            _log.exception("No checkpoint was signed.")
        else:
            self._signed_position = seen if checkpoint is None else max(seen, checkpoint.position)


def _tell_of_new_key(former: Sequence[bytes]) -> None:
    _log.warning(
        "Checkpoints are signed with a new key from now on: the data directory does not hold the one that signed "
        "before (public key %s). Give both public keys to those who verify.",
        ", ".join(key.hex() for key in former),
    )
