"""Where dead letters are kept, and under which headers: one table."""

from application.integration.channels import Action, Channel, JetStream, Message, Operation, Parameter
from application.integration.incoming import DURABLE

STREAM = "ML_DEAD_LETTERS"

LETTERS = "ml.dead_letters.letters"
"""A token for what the message is about follows: messages of one subject are gone through in their order."""

OUTCOMES = "ml.dead_letters.outcomes"
"""The letter's id follows: how it ended when it was tried again."""

GIVEN_UP = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.{DURABLE}"
"""JetStream's word that it hands out a message no more."""

SUBJECTS = (f"{LETTERS}.*", f"{OUTCOMES}.*", GIVEN_UP)

HEADERS = {
    "Dead-Letter-Code": "Stable, dotted name of the reason.",
    "Dead-Letter-Reason": "The reason in a sentence.",
    "Dead-Letter-Status": "`failed`, or `waiting` behind another message about the same.",
    "Dead-Letter-At": "When it was set aside.",
    "Dead-Letter-Aggregate": "What it is about.",
    "Dead-Letter-Event-Id": "Of the event.",
    "Dead-Letter-Event-Type": "Of the event.",
    "Dead-Letter-Stream": "The stream that it came from.",
    "Dead-Letter-Sequence": "Its place in that stream.",
    "Dead-Letter-Subject": "It was published on.",
    "Dead-Letter-Headers": "It was published with; a JSON object.",
    "Dead-Letter-Deliveries": "How often it had been handed out.",
    "Dead-Letter-Size": "Bytes of its whole body.",
}
"""Name → what it says; every value is percent-encoded, and absent where it is not known."""

_LETTER = Parameter(name="letter", description="Id of the dead letter.")
_OUTCOME = Message(
    name="dead_letter_outcome",
    summary="A dead letter was tried again, in vain; the newest of these counts.",
    payload={
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": HEADERS["Dead-Letter-Code"]},
            "reason": {"type": "string", "description": HEADERS["Dead-Letter-Reason"]},
            "at": {"type": "string", "format": "date-time", "description": "When it was tried."},
        },
        "required": ["code", "reason", "at"],
    },
)


def operations() -> tuple[Operation, ...]:
    """Return what is sent, for the document that tells of it."""
    message = Message(
        name="dead_letter",
        summary="A message of a neighbour could not be handled; its body is the message's.",
        payload={},
        headers={
            "type": "object",
            "properties": {name: {"type": "string", "description": text} for name, text in HEADERS.items()},
        },
        content_type="application/octet-stream",
    )
    aggregate = Parameter(name="aggregate", description="A token for what the message is about.")
    return (
        Operation(
            id="send_dead_letter",
            action=Action.SEND,
            channel=Channel(subject=f"{LETTERS}.*", messages=(message,), parameters=(aggregate,)),
            summary="Sets aside a message that cannot be handled, until somebody decides.",
            kept=JetStream(stream=STREAM),
            tags=("inbox",),
        ),
        Operation(
            id="send_dead_letter_outcome",
            action=Action.SEND,
            channel=Channel(subject=f"{OUTCOMES}.*", messages=(_OUTCOME,), parameters=(_LETTER,)),
            summary="Keeps how a dead letter ended when it was tried again.",
            kept=JetStream(stream=STREAM),
            tags=("inbox",),
        ),
    )
