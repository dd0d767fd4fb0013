"""From a request's headers to the context of a command: who asks, why, and under which conditions."""

import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import unquote

from starlette.requests import Request

from application.execution import Context, Idempotency
from application.ports.clock import Clock
from application.ports.identity import Identity
from domain.errors import InvalidInput
from domain.kernel import Provenance
from interfaces.http.problems import MalformedHeader, PreconditionFailed

ANONYMOUS = "anonymous"
REASON_MAX_CHARS = 1_000

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ENTITY_TAG = re.compile(r'(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"')
_SEPARATOR = re.compile(r"[ \t]*,[ \t,]*")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a command's sender demands.

    Attributes:
        versions: The versions of the aggregate that are acceptable; None for any.
        key: The idempotency key; None where the sender gave none.
    """

    versions: tuple[int, ...] | None
    key: str | None


def request_id(request: Request) -> str:
    """Return the id under which the request is known."""
    found: str = request.state.request_id
    return found


def conditions(request: Request) -> Conditions:
    """Return what the sender demands by `If-Match` and `Idempotency-Key`.

    Raises:
        MalformedHeader: `If-Match` is no list of entity tags.
        PreconditionFailed: None of its tags can be the current one.
        InvalidInput: The idempotency key cannot be one.
    """
    return Conditions(versions=_acceptable_versions(request), key=_idempotency_key(request))


def context(request: Request, *, clock: Clock, identity: Identity) -> Context:
    """Return the context of the command, not yet with its conditions.

    Raises:
        InvalidInput: The reason is too long or no text.
    """
    return Context(
        provenance=Provenance(
            timestamp=clock.now(),
            actor=ANONYMOUS,
            reason=_reason(request),
            correlation_id=request_id(request),
            command_id=identity.new_id(),
        )
    )


def idempotency(request: Request, key: str | None, *contents: bytes) -> Idempotency | None:
    """Return how the command is known again: by its key, and by a hash of what was asked.

    Args:
        request: For its method, path and query.
        key: None gives None.
        contents: Of the body; each in full.
    """
    if key is None:
        return None
    asked = sha256()
    for part in (
        request.method.encode(),
        request.scope["path"].encode("utf-8", "surrogatepass"),
        request.scope["query_string"],
        *contents,
    ):
        asked.update(b"%d:" % len(part))
        asked.update(part)
    return Idempotency(key=key, request_hash=asked.hexdigest())


def _idempotency_key(request: Request) -> str | None:
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or _KEY.fullmatch(given[0]) is None:
        message = "must be one key of 1 to 255 visible ASCII characters."
        raise InvalidInput.of("Idempotency-Key", message, ", ".join(given))
    return given[0]


def _reason(request: Request) -> str | None:
    raw = request.headers.get("x-reason")
    if not raw:
        return None
    try:
        reason = unquote(raw.encode("latin-1").decode(), errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput.of("X-Reason", "must be UTF-8, percent-encoded or as it is.", raw) from None
    if len(reason) > REASON_MAX_CHARS:
        message = f"must have at most {REASON_MAX_CHARS} characters, has {len(reason)}."
        raise InvalidInput.of("X-Reason", message, reason)
    if _CONTROL.search(reason) is not None:
        raise InvalidInput.of("X-Reason", "may not contain control characters.", reason)
    return reason


def entity_tags(given: str, *, header: str) -> list[tuple[str, bool]]:
    """Return the tags of a list, each with whether it is weak (Source: RFC 9110, section 8.8.3).

    Raises:
        MalformedHeader: It is no such list.
    """
    tags = []
    text = given.strip(" \t,")
    place = 0
    while True:
        match = _ENTITY_TAG.match(text, place)
        if match is None:
            raise _malformed(header)
        tags.append((match["tag"], match["weak"] is not None))
        if match.end() == len(text):
            return tags
        separator = _SEPARATOR.match(text, match.end())
        if separator is None:
            raise _malformed(header)
        place = separator.end()


def _acceptable_versions(request: Request) -> tuple[int, ...] | None:
    lines = request.headers.getlist("if-match")
    given = ", ".join(lines)
    # a blank condition is one that went missing on its way: to ignore it would be to overwrite
    if not lines or given.strip() == "*":
        return None
    tags = entity_tags(given, header="If-Match")
    # by strong comparison, which a weak tag never passes (Source: RFC 9110, section 13.1.1)
    versions = {int(tag) for tag, is_weak in tags if not is_weak and _VERSION.fullmatch(tag)}
    if not versions:
        message = 'No version has any of these tags: send the ETag that you read, as it was ("3").'
        raise PreconditionFailed(message, if_match=given)
    return tuple(sorted(versions))


def _malformed(header: str) -> MalformedHeader:
    return MalformedHeader(f'{header} must be * or a list of entity tags, as in "3".', header=header)
