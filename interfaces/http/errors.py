"""What went wrong → status, headers and body: the one place where errors and HTTP meet."""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
import pydantic
import sqlalchemy.exc
from eventsourcing.persistence import OperationalError

from application.ports.artifacts import ArtifactUnavailable
from application.ports.messaging import MessagingUnavailable
from application.ports.read_models import ReadTooLong
from application.ports.sources import SourceUnavailable
from domain.commands import KeyReused
from domain.errors import (
    PROBLEMS_MAX,
    DomainError,
    FieldProblem,
    InvalidInput,
    NotFound,
    Refusal,
    StaleVersion,
    UnreadableHistory,
)
from interfaces.http.error_models import ErrorResponse, ValidationError, ValidationErrorResponse
from interfaces.http.excerpts import MESSAGE_MAX_CHARS, TEXT_MAX_CHARS, excerpt, shortened
from interfaces.http.validation import invalid_input
from interfaces.requests.ids import HEADER as REQUEST_ID_HEADER
from interfaces.requests.problems import RequestProblem

_log = logging.getLogger(__name__)

RawHeaders = list[tuple[bytes, bytes]]

STATUSES: tuple[tuple[type[DomainError], HTTPStatus], ...] = (
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Refusal, HTTPStatus.CONFLICT),
    (StaleVersion, HTTPStatus.PRECONDITION_FAILED),
    (UnreadableHistory, HTTPStatus.SERVICE_UNAVAILABLE),  # a newer program, beside or after this one, can
    (MessagingUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ArtifactUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (SourceUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""Error class → status; the first that fits counts."""

_RETRY_AFTER = {"retry-after": "1"}
_AFTER_REPAIR = {"retry-after": "60"}
"""Of what only an operator can mend."""


def error_response_body(
    error: Exception,
    request_id: str,
    *,
    instance: str | None = None,
    told_as: Callable[[HTTPStatus], HTTPStatus] = lambda status: status,
) -> tuple[int, RawHeaders, bytes]:
    """Return the response that tells of an error: its status, raw ASGI headers (complete) and body.

    What the program did not foresee is logged here with the request's id, and told to nobody else.

    Args:
        error: What was raised.
        request_id: Under which the sender can ask for what happened.
        instance: The path that was asked for.
        told_as: Status → the one that a protocol with fewer statuses has for it.
    """
    status, code, message, headers, details = _described(error, request_id)
    status = told_as(status)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {**_RETRY_AFTER, **headers}
    message = shortened(message, MESSAGE_MAX_CHARS)
    common = {
        "error": message,
        "error_code": code,
        "timestamp": datetime.now(UTC),
        "request_id": request_id,
        "details": {name: excerpt(value) for name, value in details.items()} or None,
        "title": status.phrase,
        "status": status.value,
        "detail": message,
        "instance": None if instance is None else shortened(instance, TEXT_MAX_CHARS),
    }
    problems = _field_problems(error)
    response: ErrorResponse = (
        ErrorResponse(**common)
        if problems is None
        else ValidationErrorResponse(**common, validation_errors=[_validation_error(each) for each in problems])
    )
    body = orjson.dumps(response.model_dump(mode="json"))
    sent = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in sent.items()]
    return status.value, [*raw, (REQUEST_ID_HEADER, request_id.encode("latin-1"))], body


def log_broken_off(error: Exception, *, request_id: str) -> None:
    """Let the log hear of an answer that has begun and is left without its end.

    The server closes the connection then; of what the program did not foresee, the log has all.
    """
    if isinstance(error, DomainError | RequestProblem):
        _log.warning("request %s: its answer is broken off: %s", request_id, error.message)
    else:
        _log.error("request %s: its answer is broken off, for what nobody foresaw", request_id, exc_info=error)


def _described(
    error: Exception, request_id: str
) -> tuple[HTTPStatus, str, str, Mapping[str, str], Mapping[str, Any]]:
    if isinstance(error, pydantic.ValidationError):
        error = invalid_input(error)
    if isinstance(error, RequestProblem):
        return HTTPStatus(error.status), error.code, error.message, error.headers, error.details
    if isinstance(error, DomainError):
        for kind, status in STATUSES:
            if isinstance(error, kind):
                headers = _AFTER_REPAIR if kind is ArtifactUnavailable else {}
                return status, error.code, error.message, headers, error.details
    if isinstance(error, OperationalError):
        _log.error("request %s: the event store cannot be used: %s", request_id, error)
        message = "The event store cannot be used at this moment: ask again."
        if _is_full(error):
            message = "The event store cannot write, for the disk is full: ask its operator, then ask again."
        return HTTPStatus.SERVICE_UNAVAILABLE, "event-store.unavailable", message, _RETRY_AFTER, {}
    if isinstance(error, (sqlalchemy.exc.OperationalError, sqlalchemy.exc.TimeoutError)):
        _log.error("request %s: the read models cannot be used: %s", request_id, _in_one_line(error))
        message = "The read models cannot be used now: ask again."
        return HTTPStatus.SERVICE_UNAVAILABLE, "read-model.unavailable", message, _RETRY_AFTER, {}
    if isinstance(error, ReadTooLong):
        message = "The question takes longer than one may: ask with a narrower filter, or sort by another field."
        return HTTPStatus.SERVICE_UNAVAILABLE, "read-model.too-long", message, _RETRY_AFTER, {}
    _log.error("request %s: an error that nobody foresaw", request_id, exc_info=error)
    message = f"The service failed at something it did not foresee; its log has more under {request_id!r}."
    return HTTPStatus.INTERNAL_SERVER_ERROR, "service.unexpected", message, {}, {}


def _is_full(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, sqlite3.Error):
            return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        cause = cause.__cause__
    return False


def _in_one_line(error: Exception) -> str:
    """Return the first line of what a database's error says: the rest is the statement and its parameters."""
    return str(error).partition("\n")[0]


def _field_problems(error: Exception) -> tuple[FieldProblem, ...] | None:
    if isinstance(error, pydantic.ValidationError):
        error = invalid_input(error)
    if isinstance(error, KeyReused):
        return (FieldProblem(field="Idempotency-Key", message=error.message),)
    return error.problems[:PROBLEMS_MAX] if isinstance(error, InvalidInput) else None


def _validation_error(problem: FieldProblem) -> ValidationError:
    return ValidationError(
        field=shortened(problem.field, TEXT_MAX_CHARS),
        message=shortened(problem.message, MESSAGE_MAX_CHARS),
        value=excerpt(problem.value),
    )
