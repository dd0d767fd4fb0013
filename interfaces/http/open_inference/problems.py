"""What this protocol says of errors: their statuses are fewer, and their bodies begin with `error`.

RequestProblem                  (interfaces/requests/problems.py)
├── MalformedTensors       400  open-inference.malformed
└── Unsupported            501  open-inference.unsupported
"""

from http import HTTPStatus

from interfaces.requests.problems import RequestProblem

_KEPT = frozenset(
    {
        HTTPStatus.NOT_FOUND,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


class MalformedTensors(RequestProblem):
    """The body, or what a header says of it, cannot be taken apart into JSON and tensors."""

    status = 400
    code = "open-inference.malformed"


class Unsupported(RequestProblem):
    """The protocol or one of its extensions has this, and this service has not."""

    status = 501
    code = "open-inference.unsupported"


def status_here(status: HTTPStatus) -> HTTPStatus:
    """Return the status by which this protocol tells of an error that has another one elsewhere."""
    if status in _KEPT:
        return status
    # what the business refuses here is to predict with a version that is not in service
    return HTTPStatus.SERVICE_UNAVAILABLE if status is HTTPStatus.CONFLICT else HTTPStatus.BAD_REQUEST
