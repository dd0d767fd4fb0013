import asyncio

from application.integration.inbound import InboundEvent
from application.ports.sources import SourceUnavailable
from infrastructure.messaging.inbox_reacting import Refused
from infrastructure.messaging.inbox_sources import PAUSES_S, SourcePatience
from tests.support.inboxes import INGESTED, PING, Journal, Neighbour, RunningInbox

AWAY = Refused(code=SourceUnavailable.code, reason="What lies at http://there/a.csv cannot be read now.")
PAUSES = 3


def ended(*outcomes: bool | Refused) -> tuple[bool | Refused, int]:
    """Return how attempts end that have these outcomes one after the other, and how many were not made."""
    left = list(outcomes)

    async def attempt() -> bool | Refused:
        return left.pop(0)

    return asyncio.run(SourcePatience(pauses_s=[0.001] * PAUSES).outcome(attempt)), len(left)


def test_a_source_that_comes_back_in_time_is_read() -> None:
    assert ended(*[AWAY] * PAUSES, False) == (False, 0)


def test_a_source_that_stays_away_is_given_up_with_what_to_do() -> None:
    refused, left = ended(*[AWAY] * (PAUSES + 1), False)
    assert isinstance(refused, Refused)
    assert (refused.code, left) == (SourceUnavailable.code, 1)
    assert refused.reason.startswith(f"{AWAY.reason} It was tried {PAUSES + 1} times")
    assert refused.reason.endswith("then replay this dead letter.")


def test_what_will_never_be_read_is_not_asked_for_again() -> None:
    never = Refused(code="request.invalid", reason="uri: names nothing that is there.")
    assert ended(never, False) == (never, 1)
    assert ended(AWAY, never, False) == (never, 1)


def test_pauses_grow() -> None:
    assert list(PAUSES_S) == sorted(set(PAUSES_S))


def test_others_are_handled_while_ever_so_many_wait_for_their_sources(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    def away_until_the_ping(event: InboundEvent) -> None:
        if event.type == "data.ingestion.completed" and "ping" not in journal.ids:
            raise SourceUnavailable("What lies there cannot be read now.")

    journal.before = away_until_the_ping
    waiting = [f"waiting-{number}" for number in range(20)]
    for each in waiting:
        neighbour.tells(each, subject=INGESTED, dataset_id=each, uri="http://there/a.csv")
    neighbour.tells("ping", subject=PING)
    assert an_inbox.is_idle(handled=len(waiting) + 1)
    assert journal.ids[0] == "ping"
    assert not an_inbox.letters()
