import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy.exc
from eventsourcing.persistence import OperationalError

from application.integration.inbound import InboundEvent
from application.integration.ingestion import ReadModelsBehind
from application.ledger import Conflict
from application.ports.artifacts import ArtifactStoreUnreachable
from application.ports.messaging import MessagingUnavailable
from domain.errors import InvalidInput
from infrastructure.messaging.inbox_reacting import FAILURES_MAX, Reacting, Refused

EVENT = InboundEvent(id="one", type="broker_service.ping", payload={})
OUTAGES = [
    OperationalError("locked"),
    sqlalchemy.exc.OperationalError("SELECT", {}, Exception("gone")),
    ReadModelsBehind("behind"),
    MessagingUnavailable("away"),
    ArtifactStoreUnreachable("away"),
]


def reacted(*errors: Exception) -> bool | Refused:
    """React to an event, which fails with these errors one after the other."""
    left = list(errors)

    def react(_: InboundEvent) -> bool:
        if left:
            raise left.pop(0)
        return False

    def around(work: Callable[[], bool]) -> bool:
        return work()

    reacting = Reacting(react=react, at_once=1, backoff_s=(0.001, 0.002))
    return asyncio.run(reacting.to(EVENT, around=around))


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_is_waited_for_however_often_it_is_met(outage: Exception) -> None:
    assert reacted(*[outage] * (3 * FAILURES_MAX)) is False


@pytest.mark.parametrize("failure", [Conflict("a race"), ValueError("a bug")])
def test_what_keeps_failing_is_given_up(failure: Exception) -> None:
    assert reacted(*[failure] * (FAILURES_MAX - 1)) is False
    refused = reacted(*[failure] * FAILURES_MAX)
    assert isinstance(refused, Refused)
    assert refused.code == "inbox.keeps-failing"
    assert str(failure) in refused.reason


def test_what_is_refused_is_not_tried_again() -> None:
    refused = reacted(InvalidInput.of("uri", "is none."), ValueError("never met"))
    assert refused == Refused(code="request.invalid", reason="uri: is none.")
