"""What a prediction's request asks, out of the JSON that it comes as."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import orjson

from application.inference.lookup import Request
from application.inference.views import InferenceRequest
from domain.errors import FieldProblem, InvalidInput, suggestion
from interfaces.requests.fields import BODY
from interfaces.requests.json_text import require_json_text

INSTANCES_MAX = 100_000
EXPLAINED_MAX = 10_000
"""An explanation takes about a hundred times as long as its prediction."""
REFERENCE_MAX_CHARS = 1_024
"""No id, name or alias is longer in any spelling."""

UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What msgspec raises where a body is not what it was told to expect; `ValueError` for text that is no UTF-8."""

_FIELDS = frozenset(InferenceRequest.model_fields)
_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", dict: "an object", list: "a list"}
_OBJECT = b"{"[0]
_OBJECT_OR_LIST = b"{["


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An `InferenceRequest` whose features are read later, when it is known what they must be."""

    model_id: str
    features: msgspec.Raw
    version: str | None = None


_decode = msgspec.json.Decoder(_Envelope).decode

_HEAD = re.compile(
    rb"""\s*\{\s*"model_id"\s*:\s*"([^"\\\x00-\x1f]*)"\s*,\s*"""
    rb"""(?:"version"\s*:\s*(?:"([^"\\\x00-\x1f]*)"|null)\s*,\s*)?"features"\s*:\s*(?=[{\[])"""
)
"""How most requests begin; what follows it, but for the last brace, is the features or no JSON at all."""


class GuessedWrong(Exception):
    """What was guessed of a body does not hold: it is to be read to its end."""


class Asked(NamedTuple):
    """What is asked of which version.

    Attributes:
        features: The JSON of an object or a list, not yet held against the version's schema.
        is_single: Whether it is an object instead of a list.
        body: All of the request.
        is_guess: Whether only its beginning was read.
    """

    request: Request
    features: memoryview
    is_single: bool
    body: bytes
    is_guess: bool = False


def parse_body(body: bytes) -> Asked:
    """Return what the body asks.

    Raises:
        NotJson: It is no JSON.
        InvalidInput: A field is missing, unknown or of a wrong type.
    """
    return _parse_envelope(body) or _parse_slowly(body)


def guess(body: bytes) -> Asked | None:
    """Return what the body asks by its beginning, without a look at the rest; None where that says nothing.

    It holds if the features are found to conform. If they are not, there may be a field behind them.
    """
    head = _HEAD.match(body)
    if head is None:
        return None
    inside = body.rstrip(b" \t\r\n")
    if not inside.endswith(b"}"):
        return None
    try:
        model, version = head[1].decode(), None if head[2] is None else head[2].decode()
    except UnicodeDecodeError:
        return None
    return _asked((model, version), memoryview(body)[head.end() : len(inside) - 1], body, is_guess=True)


def _parse_envelope(body: bytes) -> Asked | None:
    try:
        envelope = _decode(body)
    except UNDECODABLE:
        return None
    return _asked((envelope.model_id, envelope.version), memoryview(envelope.features), body)


def _asked(request: Request, features: memoryview, body: bytes, *, is_guess: bool = False) -> Asked | None:
    model, version = request
    kind = features[0]
    is_sound = (
        kind in _OBJECT_OR_LIST
        and len(model) <= REFERENCE_MAX_CHARS
        and (version is None or len(version) <= REFERENCE_MAX_CHARS)
    )
    return Asked(request, features, kind == _OBJECT, body, is_guess) if is_sound else None


def _parse_slowly(body: bytes) -> Asked:
    """Return what the body asks, or say all that is wrong with it."""
    document = require_json_text(body)
    problems = list(_problems(document))
    if problems:
        raise InvalidInput(problems)
    # nothing is wrong: a field stands there twice, and the last one is meant
    assert isinstance(document, dict)
    features = document["features"]
    request = document["model_id"], document.get("version")
    return Asked(request, memoryview(orjson.dumps(features)), isinstance(features, dict), orjson.dumps(document))


def require_explainable(count: int) -> None:
    """Refuse what would take too long to explain.

    Raises:
        InvalidInput: There are more instances than are explained in one request.
    """
    if count > EXPLAINED_MAX:
        message = f"has {count} instances, may have {EXPLAINED_MAX} with explain=true: send several requests."
        raise InvalidInput.of("features", message)


def require_countable(count: int) -> None:
    """Refuse more than is answered at once.

    Raises:
        InvalidInput: There are more instances than one request may have.
    """
    if count > INSTANCES_MAX:
        message = f"has {count} instances, may have {INSTANCES_MAX}: send several requests."
        raise InvalidInput.of("features", message)


def _problems(document: Any) -> Iterator[FieldProblem]:
    if type(document) is not dict:
        yield FieldProblem(field=BODY, message=f"must be an object, is {_kind(document)}.", value=document)
        return
    for name in document:
        if name not in _FIELDS:
            message = f"is no field here.{suggestion(name, _FIELDS - document.keys())}"
            yield FieldProblem(field=name, message=message, value=document[name])
    yield from _reference_problems(document, "model_id", is_required=True)
    yield from _reference_problems(document, "version", is_required=False)
    features = document.get("features")
    if "features" not in document:
        yield FieldProblem(field="features", message="is missing.")
    elif type(features) not in {dict, list}:
        message = f"must be an object or a list of objects, is {_kind(features)}."
        yield FieldProblem(field="features", message=message, value=features)


def _reference_problems(document: dict[str, Any], field: str, *, is_required: bool) -> Iterator[FieldProblem]:
    value = document.get(field)
    if field not in document:
        if is_required:
            yield FieldProblem(field=field, message="is missing.")
    elif type(value) is str and len(value) > REFERENCE_MAX_CHARS:
        message = f"must have at most {REFERENCE_MAX_CHARS} characters, has {len(value)}."
        yield FieldProblem(field=field, message=message, value=value)
    elif type(value) is not str and (is_required or value is not None):
        yield FieldProblem(field=field, message=f"must be text, is {_kind(value)}.", value=value)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")
