"""The service as a client sees it: where it is, what it answers, and what it refuses.

ClientError
├── Refused       the service says no, and why          exit status 1
└── Unreachable   nothing answers there                 exit status 3
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import typer

from interfaces.cli.output import complain

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
_BASE_PATH = "/api/v1"
_ANSWER_WITHIN_S = 120.0
_CONNECT_WITHIN_S = 5.0
_REFUSED_FROM_STATUS = 300
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ClientError(Exception):
    """What was asked for did not happen.

    Attributes:
        exit_status: How the command ends.
    """

    exit_status = 1


class Refused(ClientError):
    """The service says no.

    Attributes:
        status: The HTTP status.
        document: The body; empty where it is no JSON object.
    """

    @property
    def problems(self) -> list[Mapping[str, Any]]:
        """What is wrong with each field, where the service says so."""
        problems = self.document.get("validation_errors")
        return [each for each in problems if isinstance(each, dict)] if isinstance(problems, list) else []

    def __init__(self, message: str, *, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.document = document


class Unreachable(ClientError):
    """Nothing answers there."""

    exit_status = 3


class Connection:
    """Requests to one service. What it has been told to change, it sees in what it reads afterwards.

    Attributes:
        url: Without the base path, and without a slash at its end.
    """

    def __init__(self, url: str) -> None:
        import httpx  # noqa: PLC0415 - `--help` and `serve` need not wait for it

        self.url = url.rstrip("/").removesuffix(_BASE_PATH).rstrip("/")
        self._position: str | None = None
        self._client = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(_ANSWER_WITHIN_S, connect=_CONNECT_WITHIN_S),
            trust_env=urlsplit(url).hostname not in _LOOPBACK,  # no proxy stands before this machine itself
        )

    def __enter__(self) -> Self:
        """Return the connection, which is closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._client.close()

    def get(self, path: str, *, prefer: str | None = None, **parameters: Any) -> Any:
        """Return the document at a path below `/api/v1`.

        Raises:
            Refused, Unreachable: There is no answer, or it is no success.
        """
        headers = {} if self._position is None else {"X-Min-Event-Position": self._position}
        if prefer is not None:
            headers["Prefer"] = prefer
        return self._request("GET", path, headers=headers, params=parameters)

    def post(self, path: str, body: Any, **parameters: Any) -> Any:
        """Send a JSON body and return the answer.

        Raises:
            Refused, Unreachable: There is no answer, or it is no success.
        """
        return self._request("POST", path, json=body, params=parameters)

    def put(self, path: str, body: Any) -> Any:
        """Send a JSON body and return the answer.

        Raises:
            Refused, Unreachable: There is no answer, or it is no success.
        """
        return self._request("PUT", path, json=body)

    def delete(self, path: str) -> Any:
        """Remove what is at a path and return the answer.

        Raises:
            Refused, Unreachable: There is no answer, or it is no success.
        """
        return self._request("DELETE", path)

    def upload(self, path: str, content: bytes, *, media_type: str, **parameters: Any) -> Any:
        """Send bytes and return the answer.

        Raises:
            Refused, Unreachable: There is no answer, or it is no success.
        """
        headers = {"Content-Type": media_type}
        return self._request("POST", path, content=content, headers=headers, params=parameters)

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        import httpx  # noqa: PLC0415 - imported already by then

        try:
            response = self._client.request(method, f"{_BASE_PATH}{path}", **arguments)
        except httpx.RequestError as error:
            message = f"cannot reach {self.url}: {error}. Is `ml-service serve` running there?"
            raise Unreachable(message) from error
        self._position = response.headers.get("x-event-position", self._position)
        return _document(response)


def service_url(given: str | None) -> str:
    """Return where the service is: as given, as the environment says, or as it says itself in its directory."""
    url = given or os.environ.get("ML_SERVICE_URL") or _announced_url() or DEFAULT_URL
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
    if not is_usable:
        message = f"{url!r} is no URL of a service, such as {DEFAULT_URL}."
        raise typer.BadParameter(message, param_hint="--url")
    return url


@contextmanager
def connected(url: str | None) -> Iterator[Connection]:
    """Yield the service; what it refuses is told on standard error and ends the command."""
    with Connection(service_url(url)) as connection:
        try:
            yield connection
        except ClientError as error:
            complain(str(error))
            raise typer.Exit(error.exit_status) from None


def _announced_url() -> str | None:
    home = Path(os.environ.get("ML_SERVICE_HOME") or ".ml-service")
    with suppress(OSError, ValueError, TypeError, KeyError):
        return str(json.loads((home / "service.json").read_text("utf-8"))["url"])
    return None


def _document(response: "httpx.Response") -> Any:
    try:
        document = response.json() if response.content else None
    except ValueError:
        message = f"{response.url} answers {response.status_code} and no JSON: it is no ML service."
        raise Refused(message, status=response.status_code, document={}) from None
    if response.status_code >= _REFUSED_FROM_STATUS:
        body = document if isinstance(document, dict) else {}
        raise Refused(_reasons(response, body), status=response.status_code, document=body)
    return document


def _reasons(response: "httpx.Response", body: Mapping[str, Any]) -> str:
    problems = body.get("validation_errors")
    if isinstance(problems, list) and problems:
        return "\n".join(f"{each.get('field')}: {each.get('message')}" for each in problems)
    error = body.get("error") or f"{response.url} answers {response.status_code} {response.reason_phrase}."
    code = body.get("error_code")
    return f"{error} ({code})" if code else str(error)
