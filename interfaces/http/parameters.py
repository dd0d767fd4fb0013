"""The parameters of a request's query: known ones, once each, within their bounds."""

from collections.abc import Iterable
from uuid import UUID

from starlette.requests import Request

from domain.errors import InvalidInput, suggestion
from interfaces.requests.fields import INTEGER_MAX, whole_number


def require_known(request: Request, known: Iterable[str]) -> None:
    """Refuse parameters that mean nothing here: a typing error must not be answered as if it were none.

    Raises:
        InvalidInput: One is unknown (with the nearest), or given twice.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    allowed = tuple(known)
    for name in names:
        if name not in allowed:
            raise InvalidInput.of(
                name, f"is no parameter here.{suggestion(name, allowed)}", request.query_params[name]
            )
        if names.count(name) > 1:
            raise InvalidInput.of(name, "is given twice.", request.query_params[name])


def text(request: Request, name: str) -> str | None:
    """Return the parameter; None when it is absent or empty."""
    return request.query_params.get(name) or None


def integer(request: Request, name: str, *, default: int, minimum: int, maximum: int = INTEGER_MAX) -> int:
    """Return the parameter as a whole number.

    Raises:
        InvalidInput: It is none, or out of its bounds.
    """
    given = text(request, name)
    return default if given is None else whole_number(given, field=name, minimum=minimum, maximum=maximum)


def uuid(request: Request, name: str) -> UUID | None:
    """Return the parameter as an id.

    Raises:
        InvalidInput: It is none.
    """
    given = text(request, name)
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise InvalidInput.of(name, "must be an id: a UUID.", given) from None
