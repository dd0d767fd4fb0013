"""Carrying out a command once: decide, commit with the record, answer; the same command again, the same answer."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import uuid5

from application.ledger import Conflict, DuplicateCommand, Ledger
from domain.commands import Answer, CommandCompleted, KeyReused, command_stream_id
from domain.errors import DomainError
from domain.kernel import DomainEvent, Immutable, Provenance, envelope

View = TypeVar("View")

_NOT_ASKED_AGAIN = ""
_TRIES = 10


class Idempotency(Immutable):
    """How a command is known again.

    Attributes:
        key: As its sender chose it.
        request_hash: sha256 of what was asked.
    """

    key: str
    request_hash: str


class Context(Immutable):
    """Who sends a command, and under which conditions.

    Attributes:
        provenance: Who, when, why.
        expected_version: The version of the aggregate that the sender decided on; None for any.
        idempotency: Its key; None where the sender gave none.
    """

    provenance: Provenance
    expected_version: int | None = None
    idempotency: Idempotency | None = None


class Outcome(Immutable, Generic[View]):
    """What a command decided, not yet stored.

    Attributes:
        events: To be stored together.
        view: What the sender sees of it; None where nothing is to be seen.
        version: Of the aggregate, with these events.
        yields: Whether its sender wants the same whatever others do at that moment: who loses a race tries again.
    """

    events: tuple[Any, ...]
    view: View | None
    version: int
    yields: bool = False


class Executed(Immutable):
    """A command that was carried out, now or before.

    Attributes:
        answer: What its sender gets.
        position: By which all its effects are stored.
        is_replay: Whether it was carried out before.
    """

    answer: Answer
    position: int
    is_replay: bool


def execute(
    decide: Callable[[], Outcome[View]],
    *,
    ledger: Ledger,
    context: Context,
    answer: Callable[[Outcome[View]], Answer],
) -> Executed:
    """Carry out a command, at most once per idempotency key.

    Where the answer to a commit can be lost, a command without a key that changes something is recorded, too.

    `decide` reads what it needs and may refuse. When somebody else was faster it is asked again: then it mostly
    knows a better reason than "conflict" (`model.name-taken`), and what yields is stored after the other.

    Raises:
        DomainError: As `decide` refuses.
        KeyReused: The key belongs to another request.
        Conflict: Somebody else changed the same thing at the same moment.
    """
    key = context.idempotency
    if key is not None and (done := replay(ledger=ledger, context=context)) is not None:
        return done
    lost: Conflict | None = None
    for _ in range(_TRIES):
        try:
            outcome = decide()
        except DomainError:
            # the same command, sent twice at once, may stand in its own way ("name taken")
            if (done := replay(ledger=ledger, context=context)) is not None:
                return done
            raise
        if lost is not None and not outcome.yields:
            break
        rendered = answer(outcome)
        is_recorded = key is not None or (ledger.answers_may_be_lost and bool(outcome.events))
        record = _record(key, rendered, context.provenance) if is_recorded else None
        try:
            position = ledger.commit(outcome.events, record)
        except DuplicateCommand as duplicate:
            return _replayed(duplicate.recorded, key)
        except Conflict as conflict:
            lost = conflict
        else:
            return Executed(answer=rendered, position=position, is_replay=False)
    assert lost is not None
    raise lost


def replay(*, ledger: Ledger, context: Context) -> Executed | None:
    """Return what the command was answered when it was carried out before; None when it never was.

    Raises:
        KeyReused: The key belongs to another request.
    """
    key = context.idempotency
    if key is None:
        return None
    done = ledger.completed(command_stream_id(context.provenance.actor, key.key))
    return None if done is None else _replayed(done, key)


def changed(events: tuple[DomainEvent, ...], version: int) -> int:
    """Return the aggregate's version after its events; the one it has where there are none."""
    return events[-1].originator_version if events else version


def _record(key: Idempotency | None, answer: Answer, by: Provenance) -> CommandCompleted:
    if key is None:
        stream_id, request_hash = uuid5(by.command_id, CommandCompleted.TOPIC), _NOT_ASKED_AGAIN
    else:
        stream_id, request_hash = command_stream_id(by.actor, key.key), key.request_hash
    return CommandCompleted(**envelope(by, stream_id, 1), request_hash=request_hash, answer=answer)


def _replayed(recorded: Any, key: Idempotency | None) -> Executed:
    record: CommandCompleted = recorded.event
    if key is None or record.request_hash != key.request_hash:
        message = "This Idempotency-Key belongs to another request: send a new request under a new key."
        raise KeyReused(message, position=recorded.position)
    return Executed(answer=record.answer, position=recorded.position, is_replay=True)
