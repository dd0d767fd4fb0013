"""What can be wrong with a request before it means anything to the business, whatever brings it.

RequestProblem
├── NotJson          400  request.not-json
├── NotArrow         400  request.not-arrow
├── Overloaded       503  inference.overloaded
├── TooSlow          503  inference.too-slow
├── ReadModelBehind  503  read-model.behind
├── VersionLoading   503  inference.version-loading
└── ServiceStopping  503  service.stopping
"""

from collections.abc import Mapping
from typing import Any, ClassVar

BEHIND_WITHIN_S = 2.0
"""So long a request waits for the position that its sender wants to see."""


class RequestProblem(Exception):
    """The request cannot be served as it was sent, or not now.

    Attributes:
        status: The HTTP status, which other transports tell as the error's code.
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


class NotArrow(RequestProblem):
    """The body is no stream of Arrow's, or ends too early."""

    status = 400
    code = "request.not-arrow"


class Overloaded(RequestProblem):
    """So much is being worked on that this request is not begun."""

    status = 503
    code = "inference.overloaded"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"retry-after": "1"})


class TooSlow(RequestProblem):
    """There is no answer in the time that the sender, or this service, gives it."""

    status = 503
    code = "inference.too-slow"

    def __init__(self, *, within_s: float) -> None:
        message = f"There is no answer within {within_s:g} s: ask for fewer instances at once, or later."
        super().__init__(message, headers={"retry-after": "1"}, within_s=within_s)


class ReadModelBehind(RequestProblem):
    """The read model has not reached, in the time, the position that the sender wants to see."""

    status = 503
    code = "read-model.behind"

    def __init__(self, *, wanted: int, reached: int) -> None:
        message = f"Position {wanted} is not readable yet, only {reached}: ask again."
        super().__init__(message, headers={"retry-after": "1"}, wanted=wanted, reached=reached)


class VersionLoading(RequestProblem):
    """The version that answers at the position that the sender wants to see is not in memory yet."""

    status = 503
    code = "inference.version-loading"

    def __init__(self, *, position: int) -> None:
        message = f"The version that answers at position {position} is not loaded yet: ask again."
        super().__init__(message, headers={"retry-after": "1"}, wanted=position)


class ServiceStopping(RequestProblem):
    """The service is about to end, and has not done what was asked, or does not know whether it has."""

    status = 503
    code = "service.stopping"

    def __init__(self) -> None:
        super().__init__("The service is being stopped: ask again when it is back.", headers={"retry-after": "5"})
