"""Given a history, when a decision is made on it, then these facts follow, or a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid5

from domain.errors import DomainError
from domain.kernel import DomainEvent, Provenance, fold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_COMMANDS = UUID("5f0c1a52-0d57-4c0e-8f6f-4b3b8f4b7a10")


def provenance(command: int = 0, *, actor: str = "ada") -> Provenance:
    """Return the provenance of the command of this number, decided so many minutes after noon."""
    return Provenance(
        timestamp=NOON + timedelta(minutes=command),
        actor=actor,
        reason="because",
        correlation_id=f"request-{command}",
        command_id=uuid5(_COMMANDS, str(command)),
    )


@dataclass(frozen=True)
class Given:
    """A history of one stream, and the state that it gives."""

    evolve: Callable[[Any, Any], Any]
    events: tuple[DomainEvent, ...]

    @property
    def state(self) -> Any:
        """What the whole history gives."""
        return fold(self.evolve, self.events)

    def after(self, decide: Callable[..., Any], /, **arguments: Any) -> Self:
        """Return the history that goes on with what the decision gives."""
        return type(self)(self.evolve, (*self.events, *self.when(decide, **arguments).events()))

    def when(self, decide: Callable[..., Any], /, **arguments: Any) -> "Decided":
        """Return how the decision turns out on this history."""
        by = provenance(len(self.events))
        try:
            outcome = decide(self.state, **arguments, by=by)
        except DomainError as error:
            return Decided(outcome=(), error=error)
        return Decided(outcome=outcome if isinstance(outcome, tuple) else (outcome,), error=None)


@dataclass(frozen=True)
class Decided:
    """The facts that a decision gave, or the error with which it was not granted."""

    outcome: tuple[DomainEvent, ...]
    error: DomainError | None

    def events(self) -> tuple[DomainEvent, ...]:
        """Return the facts of a decision that was granted."""
        if self.error is not None:
            raise AssertionError(f"not granted: {self.error}") from self.error
        return self.outcome

    def then(self, *facts: tuple[type[DomainEvent], dict[str, Any]]) -> None:
        """Demand these facts in this order, each with these fields among others."""
        happened = [(type(event), event.model_dump()) for event in self.events()]
        assert [each for each, _ in happened] == [each for each, _ in facts]
        for (_, found), (_, expected) in zip(happened, facts, strict=True):
            assert {name: found[name] for name in expected} == expected

    def not_granted(self, error: type[DomainError], code: str) -> Any:
        """Demand an error of this type and code, and return it."""
        assert type(self.error) is error, f"{self.error!r} {self.outcome}"
        assert self.error.code == code
        return self.error


def given(evolve: Callable[[Any, Any], Any], *events: DomainEvent) -> Given:
    """Begin with a history."""
    return Given(evolve, events)


def fact(event_type: type[DomainEvent], **fields: Any) -> tuple[type[DomainEvent], dict[str, Any]]:
    """Name a fact: an event's type, and those of its fields that matter."""
    return event_type, fields
