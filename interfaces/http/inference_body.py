"""The body of a prediction's request, from the wire to what is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import parse_qsl

from starlette.types import Receive

from application.inference.serving import Request
from application.inference.views import InferenceRequest
from domain.errors import FieldProblem, InvalidInput, suggestion
from interfaces.http.bodies import JSON, require_json_text
from interfaces.http.problems import TooLarge, UnsupportedMediaType
from interfaces.http.validation import BODY

BODY_MAX_BYTES = 64 * 1024 * 1024
INSTANCES_MAX = 100_000
EXPLAINED_MAX = 10_000
"""An explanation takes about a hundred times as long as its prediction."""
REFERENCE_MAX_CHARS = 1_024
"""No id, name or alias is longer in any spelling."""

PARAMETERS = ("explain",)
"""Of the query, all that there are."""
_FIELDS = frozenset(InferenceRequest.model_fields)
_JSON = JSON.encode("ascii")
_BOOLEANS = {"true": True, "false": False}
_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", dict: "an object", list: "a list"}


class Disconnected(Exception):
    """The sender went away before its request was complete: there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which version.

    Attributes:
        instances: Not yet held against the version's schema.
        is_single: Whether they came as one object instead of a list.
    """

    request: Request
    instances: Sequence[Mapping[str, Any]]
    is_single: bool


async def read_body(receive: Receive, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the whole body.

    Raises:
        UnsupportedMediaType: It says that it is no JSON.
        TooLarge: It has more than `BODY_MAX_BYTES`; what the sender declares is not even begun.
        Disconnected: The sender went away.
    """
    for name, value in headers:
        if name == b"content-type" and value != _JSON:
            _require_json(value)
        elif name == b"content-length" and value.isdigit() and int(value[:20]) > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > BODY_MAX_BYTES:
            raise TooLarge(max_bytes=BODY_MAX_BYTES)
        if not message.get("more_body", False):
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


def parse_body(body: bytes) -> Asked:
    """Return what the body asks.

    Written by hand: validating by a model costs more than the prediction.

    Raises:
        NotJson: It is no JSON.
        InvalidInput: A field is missing, unknown or of a wrong type, or there are too many instances.
    """
    document = require_json_text(body)
    if type(document) is dict and document.keys() <= _FIELDS:
        model_id, version, features = document.get("model_id"), document.get("version"), document.get("features")
        if _is_reference(model_id) and (version is None or _is_reference(version)):
            if type(features) is dict:
                return Asked((model_id, version), (features,), is_single=True)
            if type(features) is list and len(features) <= INSTANCES_MAX:
                return Asked((model_id, version), features, is_single=False)
    raise InvalidInput(_problems(document))


def parse_query(query: bytes) -> bool:
    """Return whether explanations are asked for.

    Raises:
        InvalidInput: Another parameter is given, or `explain` twice or neither true nor false.
    """
    if not query:
        return False
    explain = None
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in PARAMETERS:
            raise InvalidInput.of(name, f"is no parameter here.{suggestion(name, PARAMETERS)}", value)
        if explain is not None:
            raise InvalidInput.of(name, "is given twice.", value)
        if value not in _BOOLEANS:
            raise InvalidInput.of(name, "must be true or false.", value)
        explain = _BOOLEANS[value]
    return explain is True


def require_explainable(asked: Asked) -> None:
    """Refuse what would take too long to explain.

    Raises:
        InvalidInput: There are more instances than are explained in one request.
    """
    count = len(asked.instances)
    if count > EXPLAINED_MAX:
        message = f"has {count} instances, may have {EXPLAINED_MAX} with explain=true: send several requests."
        raise InvalidInput.of("features", message)


def _require_json(content_type: bytes) -> None:
    given = content_type.partition(b";")[0].strip().lower()
    if given != _JSON:
        raise UnsupportedMediaType(given.decode("latin-1"), understood=(JSON,))


def _is_reference(value: Any) -> TypeGuard[str]:
    return type(value) is str and len(value) <= REFERENCE_MAX_CHARS


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
    elif type(features) is list and len(features) > INSTANCES_MAX:
        message = f"has {len(features)} instances, may have {INSTANCES_MAX}: send several requests."
        yield FieldProblem(field="features", message=message)


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
