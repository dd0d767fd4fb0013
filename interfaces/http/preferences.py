"""What a request would rather have, where it can be had (`Prefer`)."""

import re

from starlette.requests import Request

WAIT_MAX_S = 60
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?', re.IGNORECASE | re.ASCII)


def preferred_wait_s(request: Request) -> int | None:
    """Return how many whole seconds the sender would wait for the end, at most a minute; None when none.

    A preference that cannot be read counts as not there (Source: RFC 7240, section 2).
    """
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        if (match := _WAIT.fullmatch(preference.partition(";")[0].strip())) is not None:
            return min(int(match[1]), WAIT_MAX_S)
    return None
