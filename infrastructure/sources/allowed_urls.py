"""URLs that the service may read from: those below a few that the operator names, and nothing else.

Whoever may register a dataset could otherwise have the service ask any machine of its network, and with its own
credentials.
"""

import re
from ipaddress import IPv6Address
from typing import Self

_WEB = ("https", "http")
SCHEMES = (*_WEB, "s3", "gs", "az")

_URL = re.compile(rf"(?i)({'|'.join(SCHEMES)})://([^/]+)(/.*)?")
_NUMBERED = re.compile(r"\[([0-9a-f:.]+)\](:[0-9]+)?")
"""Hosts that are numbers of IPv6, which have more than one spelling."""
_AMBIGUOUS = re.compile(r"[^!-~]|[?#%@\\*\[\]]|//|::|/\.{1,2}(?:/|$)")
"""What two programs could read as two things: whose hands it goes through is not known."""


class SourceUrlsInvalid(Exception):
    """What the operator says of URLs that may be read cannot be meant; the message says what to do."""


class AllowedUrls:
    """The URLs below some.

    Args:
        prefixes: Each with a scheme, a host or bucket, and a path that ends in `/`.
    """

    def __init__(self, *prefixes: str) -> None:
        self._prefixes = prefixes

    @classmethod
    def of(cls, text: str | None) -> Self:
        """Return what an operator writes, separated by commas; none where nothing is written.

        Raises:
            SourceUrlsInvalid: One is no URL of a kind that is read. It is not repeated: it may hold a password.
        """
        prefixes = []
        for number, each in enumerate(filter(None, map(str.strip, (text or "").split(","))), start=1):
            normal = _normal(each)
            if normal is None:
                known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
                message = (
                    f"ML_SERVICE_SOURCE_URLS: number {number} is no URL that datasets and models could lie below: "
                    f"write one that begins with one of {known}, without a user, a query or what is spelled with %"
                )
                raise SourceUrlsInvalid(message)
            prefixes.append(normal if normal.endswith("/") else f"{normal}/")
        return cls(*prefixes)

    def allowed(self, url: str) -> str | None:
        """Return the URL in its one spelling, or None where it is not allowed."""
        normal = _normal(url)
        return normal if normal is not None and normal.startswith(self._prefixes) else None


def is_remote(uri: str) -> bool:
    """Tell whether what a URI names would be asked of another machine, if it were allowed."""
    return _URL.match(uri) is not None


def _normal(url: str) -> str | None:
    found = _URL.fullmatch(url)
    if found is None or _AMBIGUOUS.search(path := found[3] or "/"):
        return None
    scheme, host = found[1].lower(), found[2].lower()
    if scheme in _WEB and (numbered := _NUMBERED.fullmatch(host)) is not None:
        try:
            return f"{scheme}://[{IPv6Address(numbered[1])}]{numbered[2] or ''}{path}"
        except ValueError:
            return None
    return None if _AMBIGUOUS.search(host) else f"{scheme}://{host}{path}"
