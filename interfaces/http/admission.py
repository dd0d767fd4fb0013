"""Whose requests are heard at all: a page of another site may not use its reader's browser to command us."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import Scope

from interfaces.http.problems import CrossOrigin, UnknownHost
from interfaces.requests.problems import RequestProblem

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_LOCALHOST = "localhost"
_HOSTS_REMEMBERED = 64


class Admission:
    """Tells which requests are refused for where they come from, before anything else is looked at.

    Args:
        loopback_host: The name under which the service is bound to loopback. Then only requests are heard
            that ask for it, `localhost` or an address: any other name was made to lead here by somebody
            else (DNS rebinding). None where the service is reached over a network, under names it cannot know.
    """

    def __init__(self, *, loopback_host: str | None = None) -> None:
        self._is_known: Callable[[bytes], bool] | None = None
        if loopback_host is not None:
            names = {_LOCALHOST, loopback_host.lower()}
            self._is_known = lru_cache(_HOSTS_REMEMBERED)(lambda authority: _host(authority) in names)

    def refusal(self, scope: Scope) -> RequestProblem | None:
        """Return why the request is not heard; None when it is."""
        host = origin = None
        is_cross_site = False
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
                if self._is_known is not None and not self._is_known(value):
                    return UnknownHost(value.decode("latin-1"))
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                is_cross_site = value == b"cross-site"
        if (origin is None and not is_cross_site) or scope["method"] in _SAFE_METHODS:
            return None
        if is_cross_site or _authority(origin or b"") != (host or b"").lower():
            return CrossOrigin(None if origin is None else origin.decode("latin-1"))
        return None


def _authority(origin: bytes) -> bytes | None:
    """Return the host and port of a serialized origin (Source: RFC 6454, section 6.2); None of `null`."""
    _, separator, authority = origin.lower().partition(b"://")
    return authority if separator else None


def _host(authority: bytes) -> str:
    """Return the host of a `Host` header; that of every address is `localhost`."""
    text = authority.decode("latin-1").strip().lower()
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    else:
        host = text.rpartition(":")[0] if text.count(":") == 1 else text
    try:
        ip_address(host)
    except ValueError:
        return host
    return _LOCALHOST
