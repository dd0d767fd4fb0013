"""Bytes that lie elsewhere, as they come."""

import errno
import time
from collections.abc import Generator, Mapping
from typing import Any

from application.ports.sources import SourceUnavailable
from domain.errors import InvalidInput
from infrastructure.sources.allowed_urls import AllowedUrls

PATIENCE_S = 60.0
BYTES_PER_S = 1024 * 1024
"""The slowest coming that is waited for, beside the patience."""

_SILENCE_S = 20.0
_PIECE_BYTES = 1024 * 1024
_OK, _REDIRECTS = 200, range(300, 400)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""What servers, and those before them, answer when another moment may be better."""

_REPLACED = "it was replaced while it was read"
_MARKS = ("ETag", "etag", "generation", "LastModified", "last_modified", "updated", "created", "size")
"""What the kinds of stores call what changes when an object is replaced."""


def remote_pieces(
    url: str, *, allowed: AllowedUrls, patience_s: float = PATIENCE_S
) -> Generator[bytes, None, None]:
    """Yield the bytes at a URL, all of one state; whoever reads them says how many may come.

    No redirect is followed: it could lead anywhere.

    Args:
        url: As somebody writes it.
        allowed: Those that may be read from.
        patience_s: How long it may take, beside the time for bytes that come slowly.

    Raises:
        InvalidInput: It is not allowed, nothing is there, or it cannot be read, or not within the time.
        SourceUnavailable: It cannot be read now, or was replaced while it was read.
    """
    normal = allowed.allowed(url)
    if normal is None:
        message = (
            "is not below a URL that this service may read from. Let the operator name one in "
            "ML_SERVICE_SOURCE_URLS, and write what is below it in plain letters, without a query."
        )
        raise _refused(url, message)
    begun, received = time.monotonic(), 0
    coming = _answered(url, normal) if normal.startswith("http") else _stored(url, normal)
    for piece in coming:
        received += len(piece)
        yield piece
        if time.monotonic() - begun > patience_s + received / BYTES_PER_S:
            raise _refused(url, f"comes too slowly: {received:,} bytes within {patience_s:,.0f} s and more.")


def _answered(url: str, normal: str) -> Generator[bytes, None, None]:
    # imported here, because few services ever ask for anything
    import httpx  # noqa: PLC0415 - see above

    try:
        with (
            httpx.Client(follow_redirects=False, timeout=_SILENCE_S) as client,
            client.stream("GET", normal, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status_code in _REDIRECTS:
                raise _refused(url, "leads to another URL, which is not followed: name that one.")
            if response.status_code in _PASSING:
                raise _unavailable(url, f"its server answers {response.status_code}")
            if response.status_code != _OK:
                raise _refused(url, f"cannot be read: its server answers {response.status_code}.")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise _refused(url, "cannot be read: its server packs what it was asked to send as it is.")
            yield from response.iter_raw()
    except httpx.TransportError as error:
        raise _unavailable(url, str(error) or type(error).__name__) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _refused(url, f"cannot be read: {error}.") from error
    except UnicodeError as error:  # from whoever looks up names
        raise _refused(url, f"cannot be read: it names no host that could be asked: {error}.") from error


def _stored(url: str, normal: str) -> Generator[bytes, None, None]:
    # imported here, because few services ever ask for anything
    from infrastructure.artifacts.clients import client_of, reason_of  # noqa: PLC0415 - see above
    from infrastructure.artifacts.place import RemotePlaceInvalid  # noqa: PLC0415 - see above

    try:
        bare, path = client_of(normal)
        before = _state(bare.info(path))
        with bare.open(path, "rb", block_size=_PIECE_BYTES, cache_type="none") as source:
            while piece := source.read(_PIECE_BYTES):
                yield piece
        if _state(bare.info(path)) != before:
            raise _unavailable(url, _REPLACED)
    except SourceUnavailable:
        raise
    except FileNotFoundError:
        raise _refused(url, "names nothing that is there: look for a mistyped name.") from None
    except PermissionError:
        message = "may not be read by this service: let the operator of that store allow it."
        raise _refused(url, message) from None
    except RemotePlaceInvalid as error:
        raise _refused(url, f"cannot be read: {error}.") from error
    except Exception as error:  # each kind of store fails in ways of its own
        is_replaced = isinstance(error, OSError) and error.errno == errno.EBUSY  # s3fs' word for it
        raise _unavailable(url, _REPLACED if is_replaced else reason_of(error)) from error


def _state(info: Mapping[str, Any]) -> dict[str, Any]:
    return {mark: info.get(mark) for mark in _MARKS}


def _refused(url: str, message: str) -> InvalidInput:
    return InvalidInput.of("uri", message, url)


def _unavailable(url: str, why: str) -> SourceUnavailable:
    return SourceUnavailable(f"What lies at {url} cannot be read now: {why.rstrip('.')}. Ask again.", url=url)
