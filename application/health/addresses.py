"""Where a dependency is, as everybody may know it."""

import re
from urllib.parse import parse_qsl, urlencode

_AUTHORITY = re.compile(r"(?<=://)[^/?#\s]*@")
_SCHEME = re.compile(r"^\w[\w+.-]*://")
_PLACES = {"host", "port", "dbname"}
"""Parts of a query that say where something is: a socket's directory, in libpq's URLs."""


def without_secrets(text: str) -> str:
    """Return the text, with nothing between `://` and `@` in any URL that it holds."""
    return _AUTHORITY.sub("", text)


def shown(url: str) -> str:
    """Return the URL, or several separated by commas, without users, passwords, tokens and options.

    Where a secret was written in a way that hides where it ends, nothing but the scheme is shown.
    """
    without = without_secrets(url)
    if "@" in without:
        found = _SCHEME.match(url)
        return found.group() if found else ""
    address, _, query = without.partition("#")[0].partition("?")
    places = [(name, value) for name, value in parse_qsl(query) if name in _PLACES]
    return f"{address}?{urlencode(places, safe='/')}" if places else address
