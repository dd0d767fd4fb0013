"""Whether the log is what was written."""

from collections.abc import Callable
from typing import Protocol

from application.views import View


class BrokenAt(View):
    """The first place where the log is not what was written.

    Attributes:
        position: Of the row that was changed, removed or inserted; None where the finding is about none.
        reason: What is wrong there.
    """

    position: int | None
    reason: str


class Verification(View):
    """What a recomputation of the hash chain has given.

    Attributes:
        verified: Whether every event is what was written.
        events: So many were found sound, from the beginning on.
        head: The newest hash, in hexadecimal; None where the chain is broken.
        checkpoints: So many signed heads the chain was held against.
        broken_at: None where it is not.
    """

    verified: bool
    events: int
    head: str | None
    checkpoints: int
    broken_at: BrokenAt | None


class VerificationStopped(Exception):
    """The verification was given up before its end."""


class LogUnavailable(Exception):
    """The log cannot be read now; the message says why."""


class VerifyLog(Protocol):
    """Recomputes the whole hash chain, from the first event to the newest at the beginning."""

    def __call__(self, *, is_wanted: Callable[[], bool]) -> Verification:
        """Return what it gave; blocks for as long as it takes.

        Args:
            is_wanted: Asked again and again, from the caller's thread.

        Raises:
            VerificationStopped: It is wanted no more.
            LogUnavailable: The log cannot be read.
        """
