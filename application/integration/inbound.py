"""An event of a neighbour, whatever form it came in."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from application.execution import Context, Idempotency
from application.integration.callback import EventCallback, canonical_json
from application.ports.clock import Clock
from application.ports.identity import Identity
from domain.kernel import Immutable, Provenance
from domain.naming import has_uuid_shape


class InboundEvent(Immutable):
    """What a neighbour says has happened.

    Attributes:
        id: By which it is known again; with its source, no other event has it.
        type: What kind of event it is.
        source: Who says so; None where it does not say.
        subject: What it is about; None where it does not say.
        payload: What it says.
        correlation_id: The request that it began with; None where it does not say.
    """

    id: str
    type: str
    source: str | None = None
    subject: str | None = None
    payload: Mapping[str, Any]
    correlation_id: str | None = None

    @classmethod
    def of_callback(cls, callback: EventCallback, *, correlation_id: str | None = None) -> "InboundEvent":
        """Return the event that a callback tells of."""
        return cls(
            id=callback.event_id,
            type=callback.event_type,
            payload=callback.payload,
            correlation_id=correlation_id,
        )

    def context(self, *, clock: Clock, identity: Identity, part: str | None = None) -> Context:
        """Return the context of a command that reacts to the event; the same command is carried out once.

        Args:
            clock: Says when it is decided.
            identity: Gives the command its id.
            part: Tells apart the commands that react to one event; None for the only or first one.
        """
        origin = self.source or self.type
        said = canonical_json({"type": self.type, "payload": dict(self.payload)})
        return Context(
            provenance=Provenance(
                timestamp=clock.now(),
                actor=f"event:{origin}",
                reason=f"reacts to {self.type} {self.id}",
                correlation_id=self.correlation_id or self.id,
                causation_id=UUID(self.id) if has_uuid_shape(self.id) else None,
                command_id=identity.new_id(),
            ),
            idempotency=Idempotency(
                key=self.id if part is None else f"{self.id}/{part}", request_hash=sha256(said).hexdigest()
            ),
        )
