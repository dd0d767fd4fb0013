"""What an operation says of itself, for those who would ask for it, beside its path and parameters."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel

from application.views import View
from interfaces.http.bodies import JSON
from interfaces.http.commands import Success

Item = TypeVar("Item", bound=View)

Content = type[BaseModel] | Mapping[str, Any]
"""The form of a body: a model, or a schema where no model is behind it."""


class Page(View, Generic[Item]):
    """A page of a list.

    Attributes:
        next_page_token: Of the page that follows; null on the last one.
    """

    items: list[Item]
    next_page_token: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return the name that pages of such items have in the document."""
        return f"{params[0].__name__}Page"


@dataclass(frozen=True, kw_only=True)
class Description:
    """What an operation takes and answers.

    Attributes:
        id: Its name in generated clients; no other operation has it.
        takes: Media type of the body → its form; empty where a body means nothing.
        headers: Of the request that are honoured, beside those that every operation honours.
        status: Of its success.
        answers: The form of the success's body; None for an empty one.
        media_type: Of the success's body.
        otherwise: Media type → form of the success's body, where the request has it otherwise.
        answer_headers: Of the success and of `also`, beside those of every response.
        problems: The statuses of the errors to be expected, beside those that every operation may answer.
        refused: The status of input that cannot be accepted.
        also: Status → body, for other answers that are no `ErrorResponse`; None for an empty one. Where it is the
            form of the success's body, it comes in the same media types.
    """

    id: str
    takes: Mapping[str, Content] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    status: int = 200
    answers: Content | None
    media_type: str = JSON
    otherwise: Mapping[str, Content] = field(default_factory=dict)
    answer_headers: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()
    refused: int = 422
    also: Mapping[int, Content | None] = field(default_factory=dict)

    @classmethod
    def of_command(
        cls,
        name: str,
        *,
        success: Success,
        takes: Mapping[str, Content] | None = None,
        answers: type[View] | None = None,
        problems: tuple[int, ...] = (),
    ) -> Self:
        """Return the description of a command: it honours conditions, and says from which position it is seen.

        Args:
            name: Its name in generated clients.
            success: How it is answered.
            takes: Media type of the body → its form; None where a body means nothing.
            answers: The form of the answer; None for an empty one.
            problems: Statuses of errors that not every command has.
        """
        location = () if success.location is None else ("Location",)
        further = tuple(header.title() for header in success.headers)
        return cls(
            id=name,
            takes=takes or {},
            headers=("X-Reason", "Idempotency-Key", *(() if success.creates else ("If-Match",))),
            status=success.status,
            answers=answers,
            answer_headers=("X-Event-Position", "ETag", "Idempotent-Replayed", *location, *further),
            problems=(409, 412, *((400, 413, 415) if takes else ()), *problems),
        )

    @classmethod
    def of_question(
        cls,
        name: str,
        *,
        answers: type[View],
        is_versioned: bool = False,
        headers: tuple[str, ...] = (),
        answer_headers: tuple[str, ...] = (),
    ) -> Self:
        """Return the description of a question: it waits for the position that its reader wants to see.

        Args:
            name: Its name in generated clients.
            answers: The form of the answer.
            is_versioned: Whether the answer belongs to one aggregate, so that its version is the `ETag`.
            headers: Further ones of the request.
            answer_headers: Further ones of the answer.
        """
        return cls(
            id=name,
            headers=("X-Min-Event-Position", *(("If-None-Match",) if is_versioned else ()), *headers),
            answers=answers,
            answer_headers=("X-Event-Position", *(("ETag",) if is_versioned else ()), *answer_headers),
            problems=(503,),
            also={304: None} if is_versioned else {},
        )


@dataclass(frozen=True, kw_only=True)
class Described:
    """One operation, with all that the document tells of it.

    Attributes:
        method: HTTP's.
        path: With placeholders (`/models/{model}`).
        parameters: Of the query, all that there are.
        summary: What it does, in a sentence.
    """

    method: str
    path: str
    parameters: tuple[str, ...]
    summary: str
    description: Description


def summary_of(endpoint: Callable[..., object]) -> str:
    """Return the first line of what the endpoint's docstring says that it does."""
    return (inspect.getdoc(endpoint) or "").partition("\n")[0]
