"""`GET /openapi.json`: what is served, told from the very table that serves it and the models of its bodies."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from interfaces.http.bodies import JSON
from interfaces.http.error_models import ErrorResponse, ValidationErrorResponse
from interfaces.http.openapi_descriptions import Content, Described, Description
from interfaces.http.openapi_parameters import (
    ACCEPT,
    ACCEPT_ENCODING,
    CONTENT_RANGE,
    REQUEST_ID,
    RETRY_AFTER,
    header_components,
    parameter_components,
    query_component,
)
from interfaces.http.openapi_schemas import component_schemas, ref
from interfaces.http.operations import BASE, Operation
from interfaces.http.reads import reader_has
from interfaces.program import program_version

PATH = "/openapi.json"

_OPENAPI = "3.1.0"
_DOCUMENT = {"type": "object", "properties": {"openapi": {"const": _OPENAPI}}, "required": ["openapi"]}
_PLACEHOLDER_OPENS = "{"
_DEFAULT_TAG = "service"
_TAGS = {
    "models": "Models, their versions and aliases, and what happened to them.",
    "datasets": "What models are trained from.",
    "training-jobs": "Trainings that wait, run or have ended.",
    "batch-predictions": "Predictions for all rows of a dataset, which give another one.",
    "inference": "Predictions of the models in service.",
    "v2": "Predictions as the Open Inference Protocol has them, version 2.",
    "events": "The log of everything that happened.",
    "dead-letters": "Messages of neighbours that could not be handled.",
    _DEFAULT_TAG: "The service itself.",
}
_PROBLEMS = {
    400: "The body cannot be read, or is not accepted.",
    404: "What is named is not there, or is retired.",
    408: "Nothing more of the body has come, and it has not ended.",
    409: "The business says no; `error_code` says why.",
    412: "It was decided on a version that is no longer the current one.",
    413: "The body is too large.",
    415: "The body is of a type, or in a coding, that is not understood here.",
    416: "There is nothing in the range that is asked for.",
    422: "Fields, parameters or headers cannot be accepted; each is named.",
    501: "It is part of the protocol or of an extension of it, and not served here.",
    503: "It cannot be answered now: ask again.",
}
_PROBLEM_HEADERS: Mapping[int | None, tuple[str, ...]] = {
    415: (ACCEPT, ACCEPT_ENCODING),
    416: (CONTENT_RANGE,),
    503: (RETRY_AFTER,),
}
_DEFAULT_PROBLEM = "Why the request was not granted; `error_code` is stable."


class DocumentEndpoint:
    """Answers with the document, made once.

    Args:
        described: All else that is served.
    """

    def __init__(self, described: Iterable[Described]) -> None:
        self._body = orjson.dumps(openapi_document([*described, self.operation.described]))
        self._tag = sha256(self._body).hexdigest()

    @property
    def operation(self) -> Operation:
        """What is served, with its path."""
        description = Description(
            id="get_openapi",
            headers=("If-None-Match",),
            answers=_DOCUMENT,
            answer_headers=("ETag",),
            also={304: None},
        )
        return Operation(method="GET", path=PATH, endpoint=self.get, description=description)

    async def get(self, request: Request) -> Response:
        """Answer this document."""
        headers = {"etag": f'"{self._tag}"'}
        if reader_has(request, self._tag):
            return Response(status_code=304, headers=headers)
        return Response(self._body, headers=headers, media_type=JSON)


def openapi_document(described: Iterable[Described]) -> dict[str, Any]:
    """Return the OpenAPI document (Source: OpenAPI Specification 3.1.0) of the operations."""
    operations = sorted(described, key=lambda each: each.path)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": _OPENAPI,
        "info": {
            "title": "Machine Learning Service",
            "version": program_version(),
            "description": "Models, datasets, training jobs and predictions over one log of events.",
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": _schemas([each.description for each in operations]),
            "parameters": parameter_components(),
            "headers": header_components(),
            "responses": {
                "Problem": _problem(_DEFAULT_PROBLEM),
                **{HTTPStatus(status).name: _problem(text, status) for status, text in _PROBLEMS.items()},
            },
        },
    }


def _schemas(descriptions: Iterable[Description]) -> Mapping[str, Any]:
    taken: list[Content | None] = []
    answered: list[Content | None] = [ErrorResponse, ValidationErrorResponse]
    for each in descriptions:
        taken += each.takes.values()
        answered += [each.answers, *each.also.values()]
    return component_schemas(taken=_models(taken), answered=_models(answered))


def _models(contents: Iterable[Content | None]) -> list[type[BaseModel]]:
    return [each for each in contents if isinstance(each, type)]


def _operation(described: Described) -> dict[str, Any]:
    description = described.description
    path_names = [part[1:-1] for part in described.path.split("/") if part.startswith(_PLACEHOLDER_OPENS)]
    names = (*path_names, *map(query_component, described.parameters), REQUEST_ID, *description.headers)
    body = {"requestBody": {"required": True, "content": _content(description.takes)}} if description.takes else {}
    problems = {*description.problems, description.refused, *((404,) if path_names else ())}
    return {
        "operationId": description.id,
        "summary": described.summary,
        "tags": [_tag(described.path)],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
        **body,
        "responses": {
            str(description.status): _answer(
                description.status,
                description.answers,
                description.answer_headers,
                media_type=description.media_type,
                otherwise=description.otherwise,
            ),
            **{
                str(status): _answer(
                    status,
                    content,
                    description.answer_headers,
                    media_type=description.media_type,
                    otherwise=description.otherwise if content is description.answers else {},
                )
                for status, content in description.also.items()
            },
            **{str(status): _response_ref(HTTPStatus(status).name) for status in sorted(problems)},
            "default": _response_ref("Problem"),
        },
    }


def _tag(path: str) -> str:
    first = path.removeprefix(BASE).split("/")[1]
    return first if first in _TAGS else _DEFAULT_TAG


def _answer(
    status: int,
    content: Content | None,
    headers: Iterable[str],
    *,
    media_type: str = JSON,
    otherwise: Mapping[str, Content] = MappingProxyType({}),
) -> dict[str, Any]:
    body = {} if content is None else {"content": _content({media_type: content, **otherwise})}
    return {"description": HTTPStatus(status).phrase, "headers": _headers(headers), **body}


def _problem(text: str, status: int | None = None) -> dict[str, Any]:
    model = ValidationErrorResponse if status == HTTPStatus.UNPROCESSABLE_ENTITY else ErrorResponse
    return {
        "description": text,
        "headers": _headers(_PROBLEM_HEADERS.get(status, ())),
        "content": _content({JSON: model}),
    }


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (REQUEST_ID, *names)}


def _content(contents: Mapping[str, Content]) -> dict[str, Any]:
    return {
        media_type: {"schema": ref(content) if isinstance(content, type) else dict(content)}
        for media_type, content in contents.items()
    }


def _response_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}
