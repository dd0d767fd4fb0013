"""By which id a request is known in responses, logs and events."""

import re
from secrets import token_hex

HEADER = b"x-request-id"
_MADE_BYTES = 16
_ACCEPTED = re.compile(rb"[\x21-\x7e]{1,128}")


def request_id_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the id that the sender chose, if it is 1 to 128 visible ASCII characters; else a new one."""
    for name, value in headers:
        if name == HEADER and _ACCEPTED.fullmatch(value):
            return value.decode("ascii")
    return token_hex(_MADE_BYTES)
