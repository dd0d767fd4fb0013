"""Messages of neighbours that could not be handled, kept until somebody decides.

DomainError
├── DeadLetterNotFound   dead-letter.not-found
└── Refusal
    ├── DeadLetterWaits      dead-letter.waits: another one of its aggregate comes first
    ├── DeadLettersBusy      dead-letter.busy: one is being handled
    └── StillRefused         dead-letter.still-refused: it was handled again, in vain
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.errors import NotFound, Refusal
from domain.kernel import Immutable


class DeadLetterNotFound(NotFound):
    """There is no such dead letter: it was handled or discarded, or never was."""

    code = "dead-letter.not-found"


class DeadLetterWaits(Refusal):
    """Another dead letter of the same aggregate came before this one, and is to be decided first."""

    code = "dead-letter.waits"


class DeadLettersBusy(Refusal):
    """A dead letter is being handled by this process: one at a time."""

    code = "dead-letter.busy"


class StillRefused(Refusal):
    """The dead letter was handled again and refused again; it stays where it is."""

    code = "dead-letter.still-refused"


class LetterStatus(StrEnum):
    """Why a message is among the dead letters.

    FAILED: It was refused, or failed again and again.
    WAITING: It was never tried, for one of its aggregate before it has failed.
    """

    FAILED = "failed"
    WAITING = "waiting"


class DeadLetter(Immutable):
    """A message that was set aside.

    Attributes:
        id: In the order in which they were set aside.
        status: Why it is here.
        code: Stable, dotted name of the reason.
        reason: In a sentence.
        at: When it was last refused, or set aside.
        aggregate: What it is about; None where that has no order, so that nothing waits behind it.
        event_id: Of the event; None where that cannot be read.
        event_type: Of the event; None where that cannot be read.
        stream: That it came from.
        sequence: Its place there.
        subject: It was published on.
        headers: It was published with.
        deliveries: How often it had been handed out.
        body: It was published with; only its beginning where it was too large to be handled.
        size_bytes: Of its whole body.
    """

    id: int = 0
    status: LetterStatus
    code: str
    reason: str
    at: datetime
    aggregate: str | None
    event_id: str | None
    event_type: str | None
    stream: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    deliveries: int
    body: bytes
    size_bytes: int


class Resumed(Immutable):
    """What has become of dead letters that were gone through in their order.

    Attributes:
        handled: The ids of those that are done with.
        stopped_at: Of the one that was refused; None where none was.
    """

    handled: tuple[int, ...]
    stopped_at: DeadLetter | None


class DeadLetterCounts(Immutable):
    """How many there are.

    Attributes:
        letters: All of them.
        aggregates: For which messages are set aside, the ones without an order each counted as one.
    """

    letters: int
    aggregates: int


class DeadLetters(Protocol):
    """The dead letters. Every method blocks, and raises `MessagingUnavailable` where they cannot be reached."""

    def page(self, *, after: int, limit: int) -> Sequence[DeadLetter]:
        """Return the next ones behind this id, in their order, without their bodies."""

    def get(self, letter_id: int) -> DeadLetter:
        """Return one.

        Raises:
            DeadLetterNotFound: There is none.
        """

    def replay(self, letter_id: int) -> Resumed:
        """Handle the message, then those that wait behind it, in their order, until one is refused.

        Raises:
            DeadLetterNotFound: There is none.
            DeadLetterWaits: Another one comes first.
            DeadLettersBusy: One is being handled.
            StillRefused: It is refused again, and stays.
        """

    def discard(self, letter_id: int) -> Resumed:
        """Remove the message for good; if it stood in the way of others, handle these in their order.

        Raises:
            DeadLetterNotFound: There is none.
            DeadLettersBusy: One is being handled.
        """

    def counts(self) -> DeadLetterCounts:
        """Return how many there are."""
