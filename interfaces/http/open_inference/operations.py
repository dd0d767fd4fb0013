"""What can be asked under the protocol's paths: who answers it, and what the document tells of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel
from starlette.types import Receive

from interfaces.http.bodies import JSON
from interfaces.http.inference_body import sender_left
from interfaces.http.open_inference.json_members import Members, json_object
from interfaces.http.open_inference.places import Place
from interfaces.http.openapi_descriptions import Content, Described, Description, summary_of
from interfaces.inference.turns import UntilLeft

RawHeaders = list[tuple[bytes, bytes]]

_JSON_TYPE = (b"content-type", JSON.encode("ascii"))
_NOT_KEPT = (b"cache-control", b"no-store")


class Asked(NamedTuple):
    """A request under the protocol's paths.

    Attributes:
        body: Without any coding; empty where the method has none.
        request_id: By which it is known.
        receive: Of the request, whose body was read to its end.
    """

    place: Place
    headers: RawHeaders
    body: bytes
    request_id: str
    receive: Receive

    @property
    def until_left(self) -> UntilLeft:
        """Tells when the sender goes away."""
        return partial(sender_left, self.receive)

    def document(self) -> Members:
        """Return the object that the body says; one without members where there is no body.

        Raises:
            NotJson: It is no JSON text.
            InvalidInput: It is no object.
        """
        return json_object(self.body) if self.body else Members({}, at="")


class Answer(NamedTuple):
    """What is answered.

    Attributes:
        headers: But for the body's size and the request's id.
    """

    body: bytes
    status: int
    headers: RawHeaders


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        answer: Answers, or raises what `errors` has a status for.
    """

    described: Described
    answer: Callable[[Asked], Awaitable[Answer]]


def answer_of(document: Any, *, status: int = 200) -> Answer:
    """Return the answer that says what is true at this moment."""
    return Answer(orjson.dumps(document), status, [_JSON_TYPE, _NOT_KEPT])


def operation(
    method: str,
    path: str,
    answer: Callable[[Asked], Awaitable[Answer]],
    *,
    name: str,
    answers: type[BaseModel],
    otherwise: Mapping[str, Content] | None = None,
    takes: Mapping[str, Content] | None = None,
    headers: tuple[str, ...] = (),
    answer_headers: tuple[str, ...] = (),
    problems: tuple[int, ...] = (),
    also: Mapping[int, Content | None] | None = None,
) -> Operation:
    """Return an operation; its answer's docstring says in its first line what it does.

    Args:
        method: HTTP's.
        path: With placeholders.
        answer: Answers.
        name: Its name in generated clients and in metrics.
        answers: The form of the success's body.
        otherwise: Media type → form of that body, where the request has it otherwise.
        takes: Media type of the body → its form.
        headers: Of the request that are honoured.
        answer_headers: Of the success.
        problems: The statuses of errors, beside those of input that cannot be accepted.
        also: Status → body, for other answers that are no `ErrorResponse`.
    """
    description = Description(
        id=name,
        takes=takes or {},
        headers=(*headers, "Accept-Encoding"),
        answers=answers,
        otherwise=otherwise or {},
        answer_headers=(*answer_headers, "Content-Encoding", "Vary"),
        problems=problems,
        refused=400,
        also=also or {},
    )
    return Operation(
        described=Described(
            method=method, path=path, parameters=(), summary=summary_of(answer), description=description
        ),
        answer=answer,
    )
