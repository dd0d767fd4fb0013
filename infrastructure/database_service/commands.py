"""Commands as they arrive: read, or told apart as what can never be carried out."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from application.ports.metadata_store import (
    AFTER,
    REPLACES,
    UPTO,
    CommandKind,
    Delete,
    Upsert,
    command_subject,
)
from application.ports.read_models import Collection
from infrastructure.database_service.arrivals import Arrival, Mark
from infrastructure.read_models.contents import Content
from infrastructure.read_models.fields import columns_of


class InvalidCommand(Exception):
    """The message is no command that this server could ever carry out; it says why."""


class Command(NamedTuple):
    """What is to become of a row.

    Attributes:
        collection: Of the row.
        id: Of the row; no UUID only where it is to be gone that should never have been.
        position: At which it became so.
        content: The document; None where there is to be none.
        arrival: What has arrived with it; None of a command that mends.
        replaces: Where the row stands that it replaces, whatever its own position; None where that counts.
    """

    collection: Collection
    id: UUID | str
    position: int
    content: Content | None
    arrival: Arrival | None
    replaces: int | None = None


def parsed(subject: str, headers: Mapping[str, str] | None, payload: bytes) -> Command:
    """Return the command of a message.

    Raises:
        InvalidCommand: It is none.
    """
    kind = subject.rpartition(".")[2]
    body: Upsert | Delete
    try:
        if kind == CommandKind.UPSERT:
            body = Upsert.model_validate_json(payload)
            content: Content | None = _storable(body)
        else:
            body, content = Delete.model_validate_json(payload), None
        if subject != command_subject(body.collection, CommandKind(kind)):
            message = f"the subject {subject} is not one for {body.collection}"
            raise InvalidCommand(message)
        arrival, replaces = _marks(headers or {}, body.position)
        id_ = body.id if replaces is not None else UUID(str(body.id))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidCommand(f"{where}: {first['msg']}" if where else first["msg"]) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidCommand(str(error)) from error
    return Command(body.collection, id_, body.position, content, arrival, replaces)


def _storable(body: Upsert) -> Content:
    columns_of(body.collection, body.id, body.document)
    return Content.of(body.collection, body.document)


def _marks(headers: Mapping[str, str], position: int) -> tuple[Arrival | None, int | None]:
    by_name = {name.lower(): value for name, value in headers.items()}
    if (replaces := by_name.get(REPLACES.lower())) is not None:
        return None, Mark.parsed(replaces).position
    after = Mark.parsed(by_name.get(AFTER.lower(), "0"))
    upto = Mark.parsed(by_name[UPTO.lower()]) if UPTO.lower() in by_name else Mark(position)
    if not after < upto <= Mark(position):
        message = f"{AFTER} {after}, {UPTO} {upto} and position {position} are not in order"
        raise InvalidCommand(message)
    return Arrival(after, upto), None
