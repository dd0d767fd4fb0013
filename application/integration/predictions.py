"""How predictions are asked for over NATS: as requests to a micro service that can be discovered."""

from collections.abc import Mapping
from typing import Any

from application.inference.views import InferenceRequest, InferenceResponse
from application.integration.channels import Action, Channel, Form, Message, Operation

SERVICE = "machine-learning"
"""Name of the micro service."""

ENDPOINT = "predict"
SUBJECT = "ml.inference.predict"
QUEUE = "q"
"""The group whose members share the requests; the name that micro services have unless told otherwise."""

EXPLAIN, REQUEST_ID, MIN_EVENT_POSITION = "explain", "X-Request-ID", "X-Min-Event-Position"
"""Headers of a request that mean something, in any case."""

ERROR, ERROR_CODE = "Nats-Service-Error", "Nats-Service-Error-Code"
"""Headers of an answer that is none (Source: NATS ADR-32)."""

_TEXT = {"type": "string"}
_REQUEST_HEADERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        EXPLAIN: {
            "description": "Which predictions come with the contributions of the features: `true` for all, "
            "`false` for none, or a condition such as `probability > 0.8`.",
            **_TEXT,
        },
        REQUEST_ID: {
            "description": "The request's id in the answer and in logs; made where there is none.",
            **_TEXT,
        },
        MIN_EVENT_POSITION: {"description": "The position that the answer must have reached.", **_TEXT},
    },
}
_ANSWER_HEADERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {REQUEST_ID: {"description": "The request's id.", **_TEXT}},
    "required": [REQUEST_ID],
}
_ERROR_HEADERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        ERROR: {"description": "One sentence for a person.", **_TEXT},
        ERROR_CODE: {"description": "The status that the same error has over HTTP.", **_TEXT},
        REQUEST_ID: {"description": "The request's id.", **_TEXT},
    },
    "required": [ERROR, ERROR_CODE, REQUEST_ID],
}


def operations(*, error: Form) -> tuple[Operation, ...]:
    """Return what is answered, for the document that tells of it.

    Args:
        error: The form of an error's body.
    """
    asked = Message(
        name="inference_request",
        summary="Asks for predictions of one instance or many.",
        payload=InferenceRequest,
        headers=_REQUEST_HEADERS,
    )
    answered = Message(
        name="inference_response",
        summary="One prediction for each instance.",
        payload=InferenceResponse,
        headers=_ANSWER_HEADERS,
    )
    refused = Message(name="inference_error", summary="Why there are none.", payload=error, headers=_ERROR_HEADERS)
    return (
        Operation(
            id="predict",
            action=Action.RECEIVE,
            channel=Channel(subject=SUBJECT, messages=(asked,)),
            summary="Answers with predictions, as over HTTP.",
            reply=Channel(subject=None, messages=(answered, refused)),
            queue=QUEUE,
            tags=("inference",),
        ),
    )
