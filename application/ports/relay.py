"""How far neighbours are told of what happened, and what an operator has to decide before they are told more."""

from enum import StrEnum
from typing import Protocol

from domain.kernel import Immutable


class Choice(StrEnum):
    """How the relay is to go on.

    `from-last`: publish what follows the last event that is in the stream, behind what others wrote there, so that
    each event is there once. `from-beginning`: publish every event of the log, behind what the stream may have.
    `from-now`: publish what happens after the choice. `skip`: leave out the one event that it stopped at.
    """

    FROM_LAST = "from-last"
    FROM_BEGINNING = "from-beginning"
    FROM_NOW = "from-now"
    SKIP = "skip"


class HaltReason(StrEnum):
    """Why the relay stopped by itself."""

    STREAM_EMPTIED = "stream-emptied"
    STREAM_OF_ANOTHER_LOG = "stream-of-another-log"
    STREAM_AHEAD_OF_LOG = "stream-ahead-of-log"
    STREAM_WRITTEN_BY_STRANGER = "stream-written-by-stranger"
    EVENT_UNREADABLE = "event-unreadable"
    EVENT_TOO_LARGE = "event-too-large"


class Halt(Immutable):
    """Why the relay stopped, and what it waits for.

    Attributes:
        reason: For programs.
        message: What is the matter and what to do, for a person.
        sequence: Of the stream's last message.
        position: Of the event that it is about; 0 where it is about the stream.
        choices: What can be chosen.
        last: The position of the last event that is in the stream, for `from-last`; 0 where that cannot be chosen.
    """

    reason: HaltReason
    message: str
    sequence: int
    position: int
    choices: tuple[Choice, ...]
    last: int = 0

    def is_same_as(self, other: "Halt | None") -> bool:
        """Tell whether one choice answers both, whatever else has changed between them."""
        if other is None:
            return False
        return (self.reason, self.sequence, self.position) == (other.reason, other.sequence, other.position)


class RelayReport(Immutable):
    """What the relay left in its notes, wherever it runs.

    Attributes:
        position: Of the last event that it was done with; None where it has never run.
        head: Of the newest event there is.
        halt: Why it waits for an operator; None while it does not.
        error: Why it failed last; None once it has worked since.
    """

    position: int | None
    head: int
    halt: Halt | None
    error: str | None = None


class RelayStatus(Immutable):
    """How far the relay is, and what keeps it.

    Attributes:
        is_running: This process publishes.
        position: Of the last event that was published, or is not for others; None before this is known.
        head: Of the newest event there is; None while the log cannot be read.
        lag: How many positions are yet to publish; None where one of them is not known.
        halted: Why it waits for an operator; None while it does not.
        published: So many events since this process began, of those that another relay did not publish as well.
        refilled: So many of them a second time, because the stream had lost them.
        skipped: So many events were left out, since this process began, because an operator chose so.
        error: Why it failed last; None once it has worked since.
    """

    is_running: bool
    position: int | None
    head: int | None
    lag: int | None
    halted: Halt | None
    published: int
    refilled: int
    skipped: int
    error: str | None = None

    @property
    def halted_because(self) -> str | None:
        """Why it waits for an operator and what to do, in words; None while it does not."""
        return None if self.halted is None else self.halted.message


class RelayProgress(Protocol):
    """Tells how far the relay is."""

    @property
    def status(self) -> RelayStatus:
        """How it fares now."""
