"""Pages of a list that never shift: their tokens name the position that the first page was read at."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from domain.errors import InvalidInput
from interfaces.requests.fields import INTEGER_MAX

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 1_000
_NUMBER_BYTES = 8
_DIGEST_BYTES = 12
_TOKEN_MAX_CHARS = 64


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a page begins.

    Attributes:
        position: Of the log, as of which the list is read.
        offset: How many items came before.
    """

    position: int
    offset: int


def page_token(place: Place, *, of: str) -> str:
    """Return the token of a place in the list that `of` tells from all others.

    It holds a digest, not a secret: whoever makes up a token reads nothing that could not be asked for.
    """
    numbers = b"".join(each.to_bytes(_NUMBER_BYTES) for each in (place.position, place.offset))
    return urlsafe_b64encode(numbers + _digest(numbers, of)).decode().rstrip("=")


def place_of(token: str, *, of: str) -> Place:
    """Return the place that a token names.

    Raises:
        InvalidInput: It was not given out for this list.
    """
    numbers, digest = _split(token)
    position, offset = (int.from_bytes(each) for each in (numbers[:_NUMBER_BYTES], numbers[_NUMBER_BYTES:]))
    if digest != _digest(numbers, of) or max(position, offset) > INTEGER_MAX:
        message = "is no token of this list: send it as it was, with the other parameters of the page before."
        raise InvalidInput.of("page_token", message, token)
    return Place(position=position, offset=offset)


def _split(token: str) -> tuple[bytes, bytes]:
    if len(token) > _TOKEN_MAX_CHARS:
        return b"", b""
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return b"", b""
    if urlsafe_b64encode(content).decode().rstrip("=") != token:
        return b"", b""  # another spelling of the same bytes
    return content[: 2 * _NUMBER_BYTES], content[2 * _NUMBER_BYTES :]


def _digest(numbers: bytes, of: str) -> bytes:
    return sha256(numbers + of.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
