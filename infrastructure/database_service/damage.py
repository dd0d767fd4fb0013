"""What somebody has done to a row behind the server's back, so that it is none any more."""

from uuid import UUID

from application.ports.read_models import Document
from infrastructure.read_models.contents import decoded


class Damaged(Exception):
    """What stands there is no row that a command can have put there; it says why."""


def canonical(id_: str) -> str | None:
    """Return how the id of a row is written; None where it is none."""
    try:
        return str(UUID(id_))
    except ValueError:
        return None


def document_of(id_: str, text: str) -> Document:
    """Return the document of a row.

    Args:
        id_: Under which the row stands.
        text: Of the document, which should be JSON.

    Raises:
        Damaged: There is none, or none of this row.
    """
    if canonical(id_) != id_:
        raise Damaged("its id is no UUID")
    try:
        document = decoded(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise Damaged("its document is no JSON") from error
    if not isinstance(document, dict):
        raise Damaged("its document is no JSON object")
    if document.get("id") != id_:
        raise Damaged("its document says that it has another id")
    return document


def damage_of(id_: str, text: str) -> str | None:
    """Return why there is no document of the row; None where there is one."""
    try:
        document_of(id_, text)
    except Damaged as damage:
        return str(damage)
    return None
