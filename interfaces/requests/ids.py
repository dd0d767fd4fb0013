"""By which id a request is known in responses, logs and events."""

import re
from random import getrandbits

HEADER = b"x-request-id"
_MADE_BITS = 128
_ACCEPTED = re.compile(rb"[\x21-\x7e]{1,128}")


def request_id_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the id that the sender chose, if it is 1 to 128 visible ASCII characters; else a new one."""
    for name, value in headers:
        if name == HEADER and _ACCEPTED.fullmatch(value):
            return value.decode("ascii")
    return f"{getrandbits(_MADE_BITS):032x}"  # no secret: it tells requests apart
