"""What is said between this service and the Database Service, as channels."""

from typing import Any

from application.integration.channels import Action, Channel, JetStream, Message, Operation, Parameter
from application.ports.metadata_store import (
    AFTER,
    MIRRORED,
    REPLACES,
    SERVICE,
    STREAM,
    UPTO,
    CommandKind,
    Delete,
    Find,
    Found,
    Get,
    QueryKind,
    Row,
    Upsert,
    command_subject,
    query_subject,
)

_TAGS = ("database-service",)
_QUEUE = "q"
"""The group that the instances of a NATS micro service share questions in, unless told otherwise."""

_COLLECTION = Parameter(
    name="collection", description="Of the documents.", values=tuple(each.value for each in MIRRORED)
)
_MARKS: dict[str, Any] = {
    "type": "object",
    "properties": {
        AFTER: {"type": "string", "description": "How far the collection was sent before this command."},
        UPTO: {"type": "string", "description": "How far it is sent with it, where that is not its position."},
        REPLACES: {"type": "string", "description": "Where the row stands that is mended."},
    },
}
_COMMANDS = {
    CommandKind.UPSERT: Message(
        name="database.upsert", summary="Let a row be a document.", payload=Upsert, headers=_MARKS
    ),
    CommandKind.DELETE: Message(
        name="database.delete", summary="Let there be no such row.", payload=Delete, headers=_MARKS
    ),
}
_QUESTIONS = {
    QueryKind.GET: (
        Message(name="database.get", summary="Asks for a row.", payload=Get),
        Message(name="database.row", summary="A row.", payload=Row),
    ),
    QueryKind.FIND: (
        Message(name="database.find", summary="Asks for rows.", payload=Find),
        Message(name="database.found", summary="Rows.", payload=Found),
    ),
}


def client_operations() -> tuple[Operation, ...]:
    """Return what is sent to the Database Service and asked of it."""
    return tuple(
        [_command(kind, Action.SEND, JetStream(stream=STREAM)) for kind in CommandKind]
        + [_question(kind, Action.SEND) for kind in QueryKind]
    )


def server_operations() -> tuple[Operation, ...]:
    """Return what the Database Service carries out and answers, where it runs beside this service."""
    kept = JetStream(stream=STREAM, durable=SERVICE)
    return tuple(
        [_command(kind, Action.RECEIVE, kept) for kind in CommandKind]
        + [_question(kind, Action.RECEIVE, queue=_QUEUE) for kind in QueryKind]
    )


def _command(kind: CommandKind, action: Action, kept: JetStream) -> Operation:
    message = _COMMANDS[kind]
    return Operation(
        id=f"{action}_database_{kind}",
        action=action,
        channel=Channel(subject=command_subject("*", kind), messages=(message,), parameters=(_COLLECTION,)),
        summary=message.summary,
        kept=kept,
        tags=_TAGS,
    )


def _question(kind: QueryKind, action: Action, *, queue: str | None = None) -> Operation:
    question, answer = _QUESTIONS[kind]
    return Operation(
        id=f"{action}_database_{kind}",
        action=action,
        channel=Channel(subject=query_subject("*", kind), messages=(question,), parameters=(_COLLECTION,)),
        summary=question.summary,
        reply=Channel(subject=None, messages=(answer,)),
        queue=queue,
        tags=_TAGS,
    )
