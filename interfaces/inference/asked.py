"""What a prediction's request asks, out of the JSON that it comes as."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

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

_FIELDS = frozenset(InferenceRequest.model_fields)
_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", dict: "an object", list: "a list"}


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


def require_explainable(asked: Asked) -> None:
    """Refuse what would take too long to explain.

    Raises:
        InvalidInput: There are more instances than are explained in one request.
    """
    count = len(asked.instances)
    if count > EXPLAINED_MAX:
        message = f"has {count} instances, may have {EXPLAINED_MAX} with explain=true: send several requests."
        raise InvalidInput.of("features", message)


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
