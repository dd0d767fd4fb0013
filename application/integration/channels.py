"""The vocabulary in which tables say what is sent and received, on which subjects, and in which form.

What sends and receives reads its subjects, streams and durable names from these tables; so does the document
that tells of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

JSON_TYPE = "application/json"

_ONE, _REST = "*", ">"

Form = type[BaseModel] | Mapping[str, Any]
"""What JSON of a kind looks like: a model, or a JSON schema where no model is behind it."""


class Action(StrEnum):
    """What the service does on a channel."""

    SEND = "send"
    RECEIVE = "receive"


class Proof(StrEnum):
    """How a client shows to a NATS server who it is."""

    TOKEN = "token"  # noqa: S105 - a kind of secret, and none
    USER = "user"
    CREDENTIALS = "credentials"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where NATS is.

    Attributes:
        urls: Of its servers, without secrets; none where none is known.
        proof: What they ask of a client; None where they let everybody in.
    """

    urls: tuple[str, ...] = ()
    proof: Proof | None = None


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What stands for a wildcard of a subject.

    Attributes:
        name: In the channel's address.
        description: What it is.
        values: All that it can be; empty where that is open.
    """

    name: str
    description: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """One kind of message.

    Attributes:
        name: No other kind has it; of an event its CloudEvents type.
        summary: When it is sent, or what it asks for, in a sentence.
        payload: The form of its body.
        headers: The form of its headers; None where none mean anything.
        content_type: Of its body.
    """

    name: str
    summary: str
    payload: Form
    headers: Form | None = None
    content_type: str = JSON_TYPE


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Subjects that messages of the same kinds go over.

    Attributes:
        subject: With NATS's wildcards; None of a channel that each requester names anew, for its replies.
        messages: Of which kinds.
        parameters: What stands for the wildcards, in their order.

    Raises:
        ValueError: There are more wildcards than parameters, or the other way round.
    """

    subject: str | None
    messages: tuple[Message, ...]
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        tokens = (self.subject or "").split(".")
        if tokens.count(_ONE) + tokens.count(_REST) != len(self.parameters):
            message = f"{self.subject!r} needs one parameter for each wildcard, in its order"
            raise ValueError(message)

    @property
    def address(self) -> str | None:
        """The subject, with its parameters' names in the place of the wildcards."""
        if self.subject is None:
            return None
        names = (f"{{{each.name}}}" for each in self.parameters)
        return ".".join(next(names) if token in {_ONE, _REST} else token for token in self.subject.split("."))


@dataclass(frozen=True, kw_only=True)
class JetStream:
    """How a channel is kept.

    Attributes:
        stream: That keeps its messages.
        durable: Name of the consumer that hands them out; None where it only is published to.
        max_deliver: How often one is handed out at most; None for any number of times.
    """

    stream: str
    durable: str | None = None
    max_deliver: int | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Something that the service does on a channel.

    Attributes:
        id: No other operation has it.
        action: What it does, from the service's own point of view.
        channel: On which.
        summary: In a sentence.
        reply: Channel of the answers, to what is a request; None where nobody answers.
        queue: Name of the group whose members share the messages; None where each gets all.
        kept: By which stream; None of core NATS, where a message without a listener is gone.
        tags: What it belongs to.
    """

    id: str
    action: Action
    channel: Channel
    summary: str
    reply: Channel | None = None
    queue: str | None = None
    kept: JetStream | None = None
    tags: tuple[str, ...] = field(default=())
