"""Which of several forms of an answer its reader would rather have (`Accept`)."""

from collections.abc import Iterable, Sequence
from contextlib import suppress


def preferred_type(accepted: Iterable[str], offered: Sequence[str]) -> str:
    """Return the media type that the reader likes best; of those it likes as well, the one offered first.

    A reader that likes none of them is given the first: it may still make something of it
    (Source: RFC 9110, sections 12.4.1 and 12.5.1).

    Args:
        accepted: The values of the headers `Accept`; none for whatever there is.
        offered: What there is.
    """
    qualities: dict[str, float] = {}
    for media_range in ",".join(accepted).split(","):
        name, *parameters = (part.strip().lower() for part in media_range.split(";"))
        if name:
            qualities[name] = _quality(parameters)
    return max(offered, key=lambda each: _liking(each, qualities))


def _liking(media_type: str, qualities: dict[str, float]) -> float:
    for media_range in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):  # the most specific one counts
        if media_range in qualities:
            return qualities[media_range]
    return 0.0


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            with suppress(ValueError):
                return float(value)
    return 1.0
