"""What can be wrong with a request of HTTP's before it means anything to the business.

RequestProblem            (interfaces/requests/problems.py, with those that every transport knows)
├── MalformedHeader       400  request.malformed-header
├── MalformedForm         400  request.malformed-form
├── MalformedBody         400  request.malformed-body
├── MalformedUrl          400  request.malformed-url
├── CrossOrigin           403  request.cross-origin
├── NoSuchPath            404  request.no-such-path
├── MethodNotAllowed      405  request.method-not-allowed
├── BodyStalled           408  request.body-stalled
├── PreconditionFailed    412  request.stale-version
├── TooLarge              413  request.too-large
├── UnsupportedMediaType  415  request.unsupported-media-type
├── UnsupportedCoding     415  request.unsupported-coding
├── RangeNotSatisfiable   416  request.range-not-satisfiable
├── UnknownHost           421  request.unknown-host
├── VerificationBusy      503  audit.busy (with its endpoint)
├── VerificationTooLong   503  audit.too-long (with its endpoint)
├── ServiceBusy           503  service.busy
└── StorageUnavailable    503  storage.unavailable
"""

from interfaces.requests.problems import RequestProblem


class MalformedHeader(RequestProblem):
    """A header cannot be read."""

    status = 400
    code = "request.malformed-header"


class MalformedForm(RequestProblem):
    """The body is no `multipart/form-data`, or ends too early."""

    status = 400
    code = "request.malformed-form"


class MalformedBody(RequestProblem):
    """The body is not in the coding that its `Content-Encoding` says."""

    status = 400
    code = "request.malformed-body"


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


class BodyStalled(RequestProblem):
    """Nothing more of the body comes, and it has not ended."""

    status = 408
    code = "request.body-stalled"

    def __init__(self, *, within_s: float) -> None:
        message = f"Nothing of the body has come for {within_s:g} s: send it without a pause as long as that."
        super().__init__(message, within_s=within_s)


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


class UnsupportedCoding(RequestProblem):
    """The body is in a coding that is not understood here."""

    status = 415
    code = "request.unsupported-coding"

    def __init__(self, given: str, *, understood: tuple[str, ...]) -> None:
        message = f"A body in the coding {given!r} is not understood here, only {' or '.join(understood)}."
        super().__init__(message, headers={"accept-encoding": ", ".join(understood)}, understood=list(understood))


class RangeNotSatisfiable(RequestProblem):
    """There is nothing of the range that is asked for."""

    status = 416
    code = "request.range-not-satisfiable"

    def __init__(self, *, size_bytes: int) -> None:
        message = f"Nothing lies in this range: there are {size_bytes} bytes, from 0 on."
        super().__init__(message, headers={"content-range": f"bytes */{size_bytes}"}, size_bytes=size_bytes)


class UnknownHost(RequestProblem):
    """The request asks for a host that this service is not."""

    status = 421
    code = "request.unknown-host"

    def __init__(self, host: str) -> None:
        message = f"This service is not {host!r}: it answers this machine only, as localhost or by its address."
        super().__init__(message, host=host)


class ServiceBusy(RequestProblem):
    """All that can be done at a time is being done, and none of it has ended in the time."""

    status = 503
    code = "service.busy"

    def __init__(self) -> None:
        super().__init__("The service has too much to do at this moment: ask again.", headers={"retry-after": "1"})


class StorageUnavailable(RequestProblem):
    """What was sent cannot be kept: the disk is full or does not work."""

    status = 503
    code = "storage.unavailable"

    def __init__(self, *, is_full: bool) -> None:
        problem = "has no room to keep" if is_full else "cannot write"
        message = f"The service {problem} what you sent: ask its operator, then send it again."
        super().__init__(message, headers={"retry-after": "60"})
