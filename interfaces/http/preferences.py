"""What a request would rather have, where it can be had (`Prefer`)."""

import re
from collections.abc import Iterable

WAIT_MAX_S = 60
_DIGITS_MAX = 9
_WAIT = re.compile(r'wait\s*=\s*"?0*(\d+)"?', re.IGNORECASE | re.ASCII)


def preferred_wait_s(preferences: Iterable[str]) -> int | None:
    """Return how many whole seconds the sender would wait for the end, at most a minute; None when none.

    Args:
        preferences: The values of the headers `Prefer`.

    A preference that cannot be read, as one for half a second or less than none, counts as not there
    (Source: RFC 7240, sections 2 and 4.3: whole seconds).
    """
    for preference in ",".join(preferences).split(","):
        if (match := _WAIT.fullmatch(preference.partition(";")[0].strip())) is not None:
            return min(int(match[1][:_DIGITS_MAX]), WAIT_MAX_S)
    return None
