"""The connection to the service's neighbours, as far as the application knows of it: it may be gone any time."""

from datetime import datetime
from typing import Protocol

from domain.errors import DomainError
from domain.kernel import Immutable


class MessagingUnavailable(DomainError):
    """What is asked for needs messaging, and nobody can be reached by it now: asking again may help."""

    code = "messaging.unavailable"


class PartStatus(Immutable):
    """How one of those fares who work on the connection.

    Attributes:
        name: Which one.
        is_running: It works; not while there is no connection, or another process leads.
        error: Why it failed last; None once it has worked for a while since.
        failing_since: When that began.
    """

    name: str
    is_running: bool
    error: str | None
    failing_since: datetime | None


class MessagingStatus(Immutable):
    """How the connection is, and those who work on it.

    Attributes:
        is_connected: Whether there is one.
        server_url: To which server, without secrets; None while there is none.
        error: Why there is none; None while there is, and before the first attempt has ended.
        failing_since: When that began.
        subscriptions: How many the client has with the server now.
        parts: Those who work on it.
    """

    is_connected: bool
    server_url: str | None
    error: str | None
    failing_since: datetime | None
    subscriptions: int
    parts: tuple[PartStatus, ...]


class MessagingProgress(Protocol):
    """Tells how messaging is."""

    @property
    def status(self) -> MessagingStatus:
        """How it fares now."""
