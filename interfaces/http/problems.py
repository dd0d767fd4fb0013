"""What can be wrong with a request before it means anything to the business.

RequestProblem
├── NotJson               400  request.not-json
├── MalformedHeader       400  request.malformed-header
├── MalformedForm         400  request.malformed-form
├── MalformedUrl          400  request.malformed-url
├── CrossOrigin           403  request.cross-origin
├── NoSuchPath            404  request.no-such-path
├── MethodNotAllowed      405  request.method-not-allowed
├── PreconditionFailed    412  request.stale-version
├── TooLarge              413  request.too-large
├── UnsupportedMediaType  415  request.unsupported-media-type
├── UnknownHost           421  request.unknown-host
├── ReadModelBehind       503  read-model.behind
├── ServiceStopping       503  service.stopping
├── VerificationBusy      503  audit.busy (with its endpoint)
├── VerificationTooLong   503  audit.too-long (with its endpoint)
└── StorageUnavailable    503  storage.unavailable
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class RequestProblem(Exception):
    """The request cannot be served as it was sent, or not now.

    Attributes:
        status: The HTTP status.
        code: Stable, dotted name of the reason; part of the public contract.
        message: One sentence for a person.
        headers: That belong to the response.
        details: Facts a program can use.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.headers = dict(headers or {})
        self.details = details


class NotJson(RequestProblem):
    """The body is no JSON text."""

    status = 400
    code = "request.not-json"


class MalformedHeader(RequestProblem):
    """A header cannot be read."""

    status = 400
    code = "request.malformed-header"


class MalformedForm(RequestProblem):
    """The body is no `multipart/form-data`, or ends too early."""

    status = 400
    code = "request.malformed-form"


class MalformedUrl(RequestProblem):
    """The path or the query is no text."""

    status = 400
    code = "request.malformed-url"

    def __init__(self, part: str) -> None:
        super().__init__(f"The {part} of the URL must be UTF-8, percent-encoded.", part=part)


class CrossOrigin(RequestProblem):
    """A page of another site asks, by its reader's browser, for what changes something."""

    status = 403
    code = "request.cross-origin"

    def __init__(self, origin: str | None) -> None:
        super().__init__("A page of another origin may not send commands here.", origin=origin)


class NoSuchPath(RequestProblem):
    """Nothing is served under the path."""

    status = 404
    code = "request.no-such-path"

    def __init__(self, path: str) -> None:
        super().__init__(f"Nothing is served under {path!r}.")


class MethodNotAllowed(RequestProblem):
    """The path is served, but not with this method."""

    status = 405
    code = "request.method-not-allowed"

    def __init__(self, method: str, *, allowed: str) -> None:
        message = f"{method} is not served here, only {allowed}."
        super().__init__(message, headers={"allow": allowed})


class PreconditionFailed(RequestProblem):
    """No version that the sender would accept can be the current one."""

    status = 412
    code = "request.stale-version"


class TooLarge(RequestProblem):
    """The body is larger than is taken."""

    status = 413
    code = "request.too-large"

    def __init__(self, *, max_bytes: int) -> None:
        super().__init__(f"The body may have at most {max_bytes} bytes.", max_bytes=max_bytes)


class UnsupportedMediaType(RequestProblem):
    """The body is of a type that is not understood here."""

    status = 415
    code = "request.unsupported-media-type"

    def __init__(self, given: str | None, *, understood: tuple[str, ...]) -> None:
        wanted = " or ".join(understood)
        message = (
            f"The body's Content-Type is missing: it must be {wanted}."
            if given is None
            else f"A body of type {given!r} is not understood here, only {wanted}."
        )
        super().__init__(message, headers={"accept": ", ".join(understood)}, understood=list(understood))


class UnknownHost(RequestProblem):
    """The request asks for a host that this service is not."""

    status = 421
    code = "request.unknown-host"

    def __init__(self, host: str) -> None:
        message = f"This service is not {host!r}: it answers this machine only, as localhost or by its address."
        super().__init__(message, host=host)


class ReadModelBehind(RequestProblem):
    """The read model has not reached, in the time, the position that the sender wants to see."""

    status = 503
    code = "read-model.behind"

    def __init__(self, *, wanted: int, reached: int) -> None:
        message = f"Position {wanted} is not readable yet, only {reached}: ask again."
        super().__init__(message, headers={"retry-after": "1"}, wanted=wanted, reached=reached)


class ServiceStopping(RequestProblem):
    """The service is about to end, and has not done what was asked, or does not know whether it has."""

    status = 503
    code = "service.stopping"

    def __init__(self) -> None:
        super().__init__("The service is being stopped: ask again when it is back.", headers={"retry-after": "5"})


class StorageUnavailable(RequestProblem):
    """What was sent cannot be kept: the disk is full or does not work."""

    status = 503
    code = "storage.unavailable"

    def __init__(self, *, is_full: bool) -> None:
        problem = "has no room to keep" if is_full else "cannot write"
        message = f"The service {problem} what you sent: ask its operator, then send it again."
        super().__init__(message, headers={"retry-after": "60"})
