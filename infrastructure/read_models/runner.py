"""The thread that keeps the read models up to the log."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event, Lock, Thread

from application.ports.clock import Clock
from application.ports.event_log import PAGE_EVENTS, EventLog, Following, Recorded
from application.ports.leadership import Leadership
from application.ports.progress import ProgressStatus
from application.ports.read_models import PositionTaken, Project, ReadModels
from domain.kernel import UnknownEvent
from infrastructure.read_models.positions import ReachedPosition
from infrastructure.read_models.projecting import ProjectionFailed, apply

_FIRST_LOOK_S, _LAST_LOOK_S = 0.002, 0.05
"""How soon to look whether another process has applied a page, and how often at least after that."""

_LOOKS_GROW = 1.25
"""From one look to the next: a page is noticed late by no more than a quarter of the time that it has taken."""

_log = logging.getLogger(__name__)

OnPage = Callable[[int, Sequence[Recorded]], None]
"""Told, after the commit and in the runner's thread, of the position reached and the events that led there,
whichever process has applied them."""


class ReadModelsAhead(Exception):
    """The read models know of more events than the log has: they belong to another log, or it lost its end."""


class ReadModelRunner:
    """Applies every event once, in order, from where the read models are; after an error it tries again.

    Where another process leads, it applies nothing, and tells of what that one has applied.

    Args:
        log: What to follow.
        read_models: What to keep up to it.
        projections: What follows from an event; all are given every event.
        clock: Tells since when an error lasts.
        leadership: Whether this process is the one that applies; None where there is no other.
        page_events: At most so many events are applied in one transaction.
        backoff_s: The first wait after an error, doubled by each that follows, and the longest.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        read_models: ReadModels,
        projections: Sequence[Project],
        clock: Clock,
        leadership: Leadership | None = None,
        page_events: int = PAGE_EVENTS,
        backoff_s: tuple[float, float] = (0.1, 5.0),
    ) -> None:
        self._event_log = log
        self._read_models = read_models
        self._projections = tuple(projections)
        self._clock = clock
        self._leadership = leadership
        self._page_events = page_events
        self._backoff_first_s, self._backoff_most_s = backoff_s
        self._backoff_s = self._backoff_first_s
        self._listeners: list[OnPage] = []
        self._reached = ReachedPosition()
        self._stopping = Event()
        self._lock = Lock()
        self._following: Following | None = None
        self._has_followed = False
        self._thread: Thread | None = None
        self._unknown_events = 0
        self._failure: tuple[str, datetime] | None = None

    @property
    def status(self) -> ProgressStatus:
        """How far the read models are, and what keeps them."""
        head = None
        with suppress(Exception):  # the log's trouble is seen as a head that is not known
            head = self._event_log.head()
        position, failure = self._reached.value, self._failure
        return ProgressStatus(
            is_running=self._thread is not None and self._thread.is_alive(),
            position=position,
            head=head,
            lag=None if head is None else max(0, head - position),
            unknown_events=self._unknown_events,
            error=failure[0] if failure else None,
            failing_since=failure[1] if failure else None,
        )

    def on_page(self, callback: OnPage) -> None:
        """Call this after each page, also of another process; what it raises is logged and changes nothing.

        Only what was applied before this runner first started is not told.
        """
        with self._lock:
            self._listeners.append(callback)

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Block until the position is applied; tell whether it was, within the time."""
        return self._reached.wait_for(position, timeout_s)

    async def wait_until(self, position: int, timeout_s: float) -> bool:
        """Suspend until the position is applied; tell whether it was, within the time."""
        return await self._reached.wait_until(position, timeout_s)

    def start(self) -> None:
        """Begin to follow; nothing changes when it has begun already."""
        with self._lock:
            if self._thread is not None:
                return
            self._stopping.clear()
            self._thread = Thread(target=self._run, name="read-models", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the page at hand; nothing changes when it has ended already."""
        with self._lock:
            thread = self._thread
            self._stopping.set()
            if self._following is not None:
                self._following.stop()
        if thread is not None:
            thread.join()
        with self._lock:
            if self._thread is thread:
                self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except Exception as error:
                self._note(error)
                self._stopping.wait(self._backoff_s)
                self._backoff_s = min(2 * self._backoff_s, self._backoff_most_s)

    def _follow(self) -> None:
        position = self._read_models.position()
        if not self._has_followed or position < self._reached.value:  # rebuilt meanwhile: they begin again
            self._reached.move_to(position)
        if position > (head := self._event_log.head()):
            msg = f"the read models are at position {position}, the log ends at {head}: rebuild them"
            raise ReadModelsAhead(msg)
        self._has_followed = True
        self._catch_up(position)
        with self._event_log.follow(after=position, page_events=self._page_events) as following:
            with self._lock:
                self._following = following
            try:
                if position == head:
                    self._note(None)
                if not self._stopping.is_set():
                    self._apply_all(following)
            finally:
                with self._lock:
                    self._following = None

    def _catch_up(self, position: int) -> None:
        """Tell of the events up to the position, which another process has applied."""
        while self._reached.value < position and not self._stopping.is_set():
            page = self._event_log.read(after=self._reached.value, limit=self._page_events)
            self._advance([each for each in page if each.position <= position])

    def _apply_all(self, following: Following) -> None:
        for events in following:
            if self._stopping.is_set():
                return
            if not self._leads():
                if self._watch(events):
                    continue
                return
            try:
                self._apply(events)
            except PositionTaken:
                if self._read_models.position() <= self._reached.value:
                    raise
                return
            except ProjectionFailed as failed:
                before = [each for each in events if each.position < failed.position]
                if before:
                    self._apply(before)
                raise

    def _leads(self) -> bool:
        return self._leadership is None or self._leadership.is_held()

    def _watch(self, events: Sequence[Recorded]) -> bool:
        """Tell of the events as another process applies them; False when this one is to go on instead."""
        look_s = _FIRST_LOOK_S
        while events:
            position = self._read_models.position()
            applied = [each for each in events if each.position <= position]
            if applied:
                self._advance(applied)
                events = events[len(applied) :]
            elif self._leads() or self._stopping.wait(look_s):
                return False
            look_s = min(_LOOKS_GROW * look_s, _LAST_LOOK_S)
        return True

    def _apply(self, events: Sequence[Recorded]) -> None:
        upto = events[-1].position
        with self._read_models.page(after=self._reached.value, upto=upto) as rows:
            for recorded in events:
                apply(recorded.event, recorded.position, projections=self._projections, rows=rows)
        self._unknown_events += sum(isinstance(each.event, UnknownEvent) for each in events)
        self._advance(events)

    def _advance(self, events: Sequence[Recorded]) -> None:
        upto = events[-1].position
        self._note(None)
        self._backoff_s = self._backoff_first_s
        self._tell(upto, events)  # first: who waits for a position may rely on what listens to it, too
        self._reached.move_to(upto)

    def _tell(self, position: int, events: Sequence[Recorded]) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(position, events)
            except Exception:
                _log.exception("A listener failed on the page up to position %d.", position)

    def _note(self, error: Exception | None) -> None:
        if error is None:
            self._failure = None
            return
        text = str(error) if isinstance(error, ProjectionFailed) else f"{type(error).__name__}: {error}"
        since = self._failure[1] if self._failure else self._clock.now()
        self._failure = (text, since)
        _log.error("The read models do not move: %s", text, exc_info=error)
