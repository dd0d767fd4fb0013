"""That a command was carried out, and what was answered: a stream of one event per command."""

from typing import ClassVar
from uuid import UUID, uuid5

from domain.errors import DomainError
from domain.kernel import DomainEvent, Immutable

_NAMESPACE = UUID("6f6a5f0e-59f1-4a57-a4f0-9be0d7a8c0de")


class Answer(Immutable):
    """What a command was answered with, so that the same command again gets the same answer.

    Attributes:
        status: As the interface that took the command counts it.
        headers: Those that belong to the answer.
        body: Its bytes as text; None for an empty one.
    """

    status: int
    headers: dict[str, str]
    body: str | None


class CommandCompleted(DomainEvent):
    """When a command was carried out; stored with its effects, so neither can be without the other.

    Attributes:
        request_hash: sha256 of what was asked, to tell the same command from another under its key.
    """

    TOPIC: ClassVar[str] = "command.completed.v1"

    request_hash: str
    answer: Answer


class KeyReused(DomainError):
    """The idempotency key belongs to another request."""

    code = "request.idempotency-key-reused"


def command_stream_id(actor: str, key: str) -> UUID:
    """Return the stream that records the command an actor sent under this key."""
    return uuid5(_NAMESPACE, f"{len(actor)}:{actor}{key}")
