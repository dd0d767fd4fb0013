"""Unique names: what a name may look like, and the stream that reserves it.

A name's stream has an id derived from the name, so two reservations of one name meet at the same
(stream, version) and the event store lets one of them through.
"""

import unicodedata
from typing import TypeVar
from uuid import UUID, uuid5

from domain.errors import InvalidInput, Refusal
from domain.kernel import Aggregate, DomainEvent, Provenance, envelope

NAME_MAX_CHARS = 255
_INVISIBLE = frozenset({"Cf", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Invisible as well, but some scripts are not written without them, nor are many emoji."""
_NAMESPACE = UUID("0b0f3a52-5f6c-4a53-9a1e-0f6b8a0f5c11")


def has_uuid_shape(text: str) -> bool:
    """Tell whether the text could be taken for an id: exactly when `UUID(text)` gives one."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def normal_form(name: str) -> str:
    """Return the name in Unicode normal form C, under which it is unique."""
    return unicodedata.normalize("NFC", name)


def one_spelling(reference: str) -> str:
    """Return the id or name in the one form in which it is written here."""
    return str(UUID(reference)) if has_uuid_shape(reference) else normal_form(reference)


def valid_name(name: str, *, field: str = "name") -> str:
    """Return the name in Unicode normal form C, under which it is unique.

    Args:
        name: As it was given.
        field: What the name is called in the request; one word.

    Raises:
        InvalidInput: Not 1 to 255 characters, `.`, `..`, the shape of a UUID, or with `/`, `:` or
            control characters: such a name could not stand in a path beside ids. Or with characters
            that cannot be seen: it would look like another name.
    """
    normal = normal_form(name)
    problem = None
    if not 1 <= len(normal) <= NAME_MAX_CHARS:
        problem = f"must have 1 to {NAME_MAX_CHARS} characters, has {len(normal)}."
    elif normal in {".", ".."}:
        problem = "may not be '.' or '..'."
    elif has_uuid_shape(normal):
        problem = "may not have the shape of a UUID: it could be taken for an id."
    elif any(char in "/:" or unicodedata.category(char) in {"Cc", "Cs"} for char in normal):
        problem = "may not contain '/', ':' or control characters."
    elif (unseen := next(filter(_is_invisible, normal), None)) is not None:
        problem = f"may not contain U+{ord(unseen):04X}, which cannot be seen: leave it out."
    if problem is not None:
        article = "An" if field[0] in "aeiou" else "A"
        raise InvalidInput.of(field, f"{article} {field} {problem}", name)
    return normal


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in _INVISIBLE and char not in _JOINERS


class NameReserved(DomainEvent, abstract=True):
    """When a name has been taken; from then on no other holder can take it."""

    name: str
    holder_id: UUID


class NameReleased(DomainEvent, abstract=True):
    """When a name has become free again."""

    name: str
    holder_id: UUID


class Reservation(Aggregate):
    """Who holds a name; version 0 and nobody when it was never taken.

    Attributes:
        holder_id: None while the name is free.
        last_holder_id: Who holds it, or was the last to; None when it was never taken.
    """

    holder_id: UUID | None = None
    last_holder_id: UUID | None = None


Reserved = TypeVar("Reserved", bound=NameReserved)
Released = TypeVar("Released", bound=NameReleased)


def reservation_id(kind: str, name: str) -> UUID:
    """Return the stream that reserves this name among holders of this kind (`model`, `dataset`)."""
    return uuid5(_NAMESPACE, f"{kind}/{normal_form(name)}")


def never_reserved(kind: str, name: str) -> Reservation:
    """Return the reservation of a name that nobody has ever held."""
    return Reservation(id=reservation_id(kind, name), version=0)


def evolve(state: Reservation | None, event: NameReserved | NameReleased) -> Reservation:
    """Return the reservation after the event."""
    holder = event.holder_id if isinstance(event, NameReserved) else None
    return Reservation(
        id=event.originator_id,
        version=event.originator_version,
        holder_id=holder,
        last_holder_id=event.holder_id,
    )


def reserve(
    reservation: Reservation,
    *,
    name: str,
    holder_id: UUID,
    event: type[Reserved],
    taken: type[Refusal],
    by: Provenance,
) -> Reserved:
    """Take the name for the holder.

    Raises:
        Refusal: Another holder has it; of the type `taken`.
    """
    if reservation.holder_id is not None:
        raise taken(f"The name {name!r} is taken.", name=name, id=str(reservation.holder_id))
    return event(**envelope(by, reservation.id, reservation.version + 1), name=name, holder_id=holder_id)


def release(
    reservation: Reservation, *, name: str, holder_id: UUID, event: type[Released], by: Provenance
) -> Released:
    """Make the name free.

    The holder decides this together with an event of its own stream. One that has lost the name since
    it was read is a stale holder, whose append the event store rejects.
    """
    return event(**envelope(by, reservation.id, reservation.version + 1), name=name, holder_id=holder_id)
