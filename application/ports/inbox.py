"""Where events of neighbours wait until they are handled."""

from typing import Protocol

from application.integration.callback import EventCallback
from domain.kernel import Immutable


class Inbox(Protocol):
    """Keeps events that came another way than over the broker, and hands them out with all others."""

    def put(self, callback: EventCallback, *, correlation_id: str) -> None:
        """Keep the event; when this returns it is handled, whatever ends meanwhile. Blocks.

        Raises:
            MessagingUnavailable: It cannot be kept now.
        """


class InboxStatus(Immutable):
    """How the handling of neighbours' events fares in this process, since it began.

    Attributes:
        is_running: This process handles them.
        streams: From which they are taken.
        in_hand: So many are waiting here, or are being handled.
        handled: So many were reacted to.
        duplicates: So many were known already.
        unknown: So many are of types that nobody listens to.
        own: So many are this service's own, come back.
        retries: So often something was tried again.
        dead_letters: So many were set aside.
    """

    is_running: bool
    streams: tuple[str, ...]
    in_hand: int
    handled: int
    duplicates: int
    unknown: int
    own: int
    retries: int
    dead_letters: int


class InboxProgress(Protocol):
    """Tells how the handling of neighbours' events fares."""

    @property
    def status(self) -> InboxStatus:
        """How it fares now."""
