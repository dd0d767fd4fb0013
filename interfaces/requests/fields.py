"""What the text of a parameter or a header stands for."""

from domain.errors import InvalidInput

BODY = "body"
"""The field that is named when it is the whole body that is wrong."""

INTEGER_MAX = 2**63 - 1
_DIGITS_MAX = 19
_BOOLEANS = {"true": True, "false": False}


def whole_number(given: str, *, field: str, minimum: int, maximum: int = INTEGER_MAX) -> int:
    """Return the number that the text says.

    Raises:
        InvalidInput: It says none, or one out of its bounds.
    """
    is_number = given.isascii() and given.isdigit() and len(given) <= _DIGITS_MAX
    if not is_number or not minimum <= int(given) <= maximum:
        raise InvalidInput.of(field, f"must be a whole number from {minimum} to {maximum}.", given)
    return int(given)


def boolean(given: str, *, field: str) -> bool:
    """Return what the text says, `true` or `false`.

    Raises:
        InvalidInput: It says neither.
    """
    if given not in _BOOLEANS:
        raise InvalidInput.of(field, "must be true or false.", given)
    return _BOOLEANS[given]
