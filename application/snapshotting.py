"""The thread that takes snapshots of models, out of the way of those who commit."""

import logging
from collections.abc import Sequence
from threading import Condition, Thread
from typing import get_args
from uuid import UUID

from application.ledger import Ledger
from application.ports.event_log import Recorded
from application.ports.snapshots import Snapshots
from application.snapshot import Remembered, to_snapshot
from domain.errors import DomainError
from domain.models.events import ModelEvent

_log = logging.getLogger(__name__)

_DUE_MAX = 4096
_EVENT_TYPES = get_args(ModelEvent)


class Snapshotter:
    """Takes a snapshot of each model whose history has grown by so many events.

    A snapshot that was not taken is only missed by who opens the model next: errors are logged, and more
    models than can be remembered are left for their next turn.

    Args:
        ledger: Where the models are.
        snapshots: Where their snapshots are kept.
        every: At each version that is a multiple of this, a snapshot is due.
    """

    def __init__(self, *, ledger: Ledger, snapshots: Snapshots, every: int = 50) -> None:
        self._ledger = ledger
        self._snapshots = snapshots
        self._every = every
        self._due: dict[UUID, None] = {}
        self._changed = Condition()
        self._is_stopping = False
        self._thread: Thread | None = None

    def on_page(self, position: int, events: Sequence[Recorded]) -> None:
        """Note which models are due after these events; returns at once."""
        due = [
            recorded.event.originator_id
            for recorded in events
            if recorded.event.originator_version % self._every == 0 and isinstance(recorded.event, _EVENT_TYPES)
        ]
        if not due:
            return
        with self._changed:
            for model_id in due:
                if len(self._due) < _DUE_MAX:
                    self._due[model_id] = None
            self._changed.notify()

    def start(self) -> None:
        """Begin to take what is due; nothing changes when it has begun already."""
        with self._changed:
            if self._thread is not None:
                return
            self._is_stopping = False
            self._thread = Thread(target=self._run, name="snapshots", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the snapshot at hand, whatever else is due; nothing changes when it has ended already."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._is_stopping = True
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (model_id := self._next()) is not None:
            try:
                self._take(model_id)
            except DomainError as refusal:
                _log.info("No snapshot is taken of model %s: %s", model_id, refusal.message)
            except Exception:
                _log.exception("No snapshot could be taken of model %s.", model_id)

    def _next(self) -> UUID | None:
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._is_stopping)
            if self._is_stopping:
                return None
            model_id = next(iter(self._due))
            del self._due[model_id]
            return model_id

    def _take(self, model_id: UUID) -> None:
        model = self._ledger.model(model_id)
        if model is None:
            return
        last = self._ledger.event(model_id, model.version)
        self._snapshots.put(model_id, to_snapshot(Remembered(model=model, last_event_id=last.event_id)))
