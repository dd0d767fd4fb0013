"""The bodies of all responses that are no success, under the contract's names."""

from typing import Any

from application.views import Instant, View


class ErrorResponse(View):
    """Why the request was not granted; the fields of a problem document (RFC 9457) stand beside.

    Attributes:
        error: One sentence for a person.
        error_code: Stable, dotted name of the reason.
        request_id: As the `X-Request-ID` of request and response.
        details: Facts a program can use.
        type: `about:blank`: the status says what kind of problem it is, `error_code` which.
        title: The status in words.
        detail: The same as `error`.
        instance: The path that was asked for.
    """

    error: str
    error_code: str | None
    timestamp: Instant
    request_id: str | None
    details: dict[str, Any] | None
    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None


class ValidationError(View):
    """One field that cannot be accepted.

    Attributes:
        field: Where, as a dotted path with indexes (`features[3].age`).
        message: What is wrong and what to do.
        value: What was given, shortened where it is long.
    """

    field: str
    message: str
    value: Any


class ValidationErrorResponse(ErrorResponse):
    """Which fields of the request cannot be accepted, and why."""

    validation_errors: list[ValidationError]
