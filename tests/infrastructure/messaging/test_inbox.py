import json
import threading
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import StorageType, StreamConfig

from application.integration.callback import EventCallback
from application.integration.contracts import SOURCE
from application.integration.inbound import InboundEvent
from application.integration.incoming import CALLBACK_SUBJECT, DURABLE, STREAM
from application.ledger import Conflict
from application.ports.messaging import MessagingUnavailable
from domain.errors import Refusal
from tests.support.inboxes import INGESTED, PING, UPDATED, Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer
from tests.support.processes import eventually

ALL = (INGESTED, UPDATED, PING, CALLBACK_SUBJECT)


def callback(event_type: str, **payload: Any) -> bytes:
    return json.dumps({"event_type": event_type, "payload": payload}).encode()


def test_every_form_of_an_event_is_understood_on_every_subject(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    for subject in ALL:
        neighbour.publish(
            subject,
            b'{"model_id": "a"}',
            Ce_Id=f"binary {subject}".replace(" ", "%20"),
            ce_type="metadata.model.updated",
            CE_SOURCE="/them",
            ce_specversion="1.0",
        )
        structured = {
            "specversion": "1.0",
            "id": f"structured {subject}",
            "type": "metadata.model.updated",
            "source": "/them",
            "data": {"model_id": "a"},
        }
        neighbour.publish(
            subject,
            json.dumps(structured).encode(),
            Content_Type="application/CloudEvents+json; charset=utf-8",
        )
        neighbour.publish(subject, callback("metadata.model.updated", model_id="a", event_id=f"bare {subject}"))
    assert an_inbox.is_idle(handled=12)
    forms = {f"{form} {subject}" for form in ("binary", "structured", "bare") for subject in ALL}
    assert set(journal.ids) == forms
    assert all(each.payload["model_id"] == "a" for each in journal.events)
    assert not an_inbox.letters()


def test_an_event_says_who_what_and_why(an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal) -> None:
    neighbour.publish(
        UPDATED,
        b'{"model_id": "a"}',
        ce_id="one",
        ce_type="metadata.model.updated",
        ce_source="/them",
        ce_specversion="1.0",
        ce_subject="caf%C3%A9",
        ce_correlationid="the-request",
    )
    assert an_inbox.is_idle(handled=1)
    assert journal.events == [
        InboundEvent(
            id="one",
            type="metadata.model.updated",
            source="/them",
            subject="café",
            payload={"model_id": "a"},
            correlation_id="the-request",
        )
    ]


def test_what_comes_over_http_is_handled_with_the_rest(an_inbox: RunningInbox, journal: Journal) -> None:
    said = EventCallback(event_type="broker_service.ping", payload={})
    an_inbox.inbox.put(said, correlation_id="request 1")
    assert an_inbox.is_idle(handled=1)
    (event,) = journal.events
    assert (event.id, event.correlation_id) == (said.event_id, "request 1")


def test_what_came_over_http_outlives_the_process_that_took_it(
    nats_server: NatsServer, tmp_path: Path, journal: Journal
) -> None:
    idle = RunningInbox(nats_server.address, tmp_path, journal.react)
    with pytest.raises(MessagingUnavailable):
        idle.inbox.put(EventCallback(event_type="broker_service.ping", payload={}), correlation_id="1")
    is_over = threading.Event()
    with RunningInbox(nats_server.address, tmp_path, lambda _: is_over.wait(60), ack_wait_s=1.0) as first:
        for number in range(3):
            said = EventCallback(event_type="broker_service.ping", payload={"number": number})
            first.inbox.put(said, correlation_id="1")
    with RunningInbox(nats_server.address, tmp_path, journal.react, ack_wait_s=1.0) as second:
        assert second.is_idle(handled=3)
    is_over.set()


def test_nothing_is_put_where_it_would_not_be_kept(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    inbox = RunningInbox(nats_server.address, tmp_path, journal.react)
    in_memory = StreamConfig(name=STREAM, subjects=[CALLBACK_SUBJECT], storage=StorageType.MEMORY)
    neighbour.does(lambda client: client.jetstream().add_stream(in_memory))
    inbox.messaging.start()
    assert eventually(lambda: "memory" in (inbox.messaging.status.parts[0].error or ""))
    said = EventCallback(event_type="broker_service.ping", payload={})
    with pytest.raises(MessagingUnavailable, match="nats stream rm"):
        inbox.inbox.put(said, correlation_id="1")
    neighbour.does(lambda client: client.jetstream().delete_stream(STREAM))
    inbox.inbox.put(said, correlation_id="1")
    assert inbox.is_idle(handled=1)
    inbox.messaging.stop()


def test_nothing_is_kept_without_nats(nats_server: NatsServer, an_inbox: RunningInbox) -> None:
    nats_server.kill()
    with pytest.raises(MessagingUnavailable):
        an_inbox.inbox.put(EventCallback(event_type="broker_service.ping", payload={}), correlation_id="1")


def test_types_that_nobody_listens_to_and_our_own_events_are_counted_and_passed_over(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    neighbour.tells("1", subject="events.data.ingestion.started")
    neighbour.publish(PING, callback("somebody.elses", x=1))
    neighbour.publish(
        INGESTED,
        b'{"dataset_id": "orders"}',
        ce_id="2",
        ce_type="data.ingestion.completed",
        ce_source=SOURCE,
        ce_specversion="1.0",
    )
    neighbour.tells("3", subject=PING)
    assert an_inbox.is_idle(handled=1)
    assert (an_inbox.consumer.status.unknown, an_inbox.consumer.status.own) == (2, 1)
    assert journal.ids == ["3"]


def test_a_duplicate_is_counted(an_inbox: RunningInbox, neighbour: Neighbour) -> None:
    for _ in range(3):
        neighbour.tells("one")
    assert an_inbox.is_idle(handled=3)
    assert an_inbox.consumer.status.duplicates == 2


def test_the_order_of_an_aggregate_is_kept_while_others_go_on(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    may_go_on = threading.Event()

    def wait(event: InboundEvent) -> None:
        if event.id == "slow 0":
            assert may_go_on.wait(20)

    journal.before = wait
    for number in range(5):
        neighbour.tells(f"slow {number}".replace(" ", "%20"), about="slow")
        neighbour.tells(f"other{number}")
    assert eventually(lambda: len(journal.ids) == 5)
    may_go_on.set()
    assert an_inbox.is_idle(handled=10)
    assert [each for each in journal.ids if each.startswith("slow")] == [f"slow {n}" for n in range(5)]


def test_what_fails_for_a_reason_around_is_tried_again_until_it_is_done(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    failures = [Conflict("a race"), OSError("a disk"), MessagingUnavailable("away")]

    def fail(_: InboundEvent) -> None:
        if failures:
            raise failures.pop(0)

    journal.before = fail
    neighbour.tells("one")
    assert an_inbox.is_idle(handled=1)
    assert an_inbox.consumer.status.retries == 3
    assert not an_inbox.letters()


@pytest.mark.parametrize("name", ["PLATFORM", "A"])
def test_a_subject_that_another_stream_covers_is_taken_from_there(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal, name: str
) -> None:
    covers = ["events.data.>", "events.metadata.model.updated"]
    neighbour.does(lambda client: client.jetstream().add_stream(StreamConfig(name=name, subjects=covers)))
    neighbour.tells("before", subject=INGESTED, dataset_id="a")
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        neighbour.tells("updated", subject=UPDATED)
        neighbour.tells("ping", subject=PING)
        assert inbox.is_idle(handled=3)
        assert sorted(inbox.consumer.status.streams) == sorted([STREAM, name])
    own = neighbour.does(lambda client: client.jetstream().stream_info(STREAM))
    assert own.config.subjects == [CALLBACK_SUBJECT, "events.broker_service.*"]


def test_a_stream_of_others_that_is_removed_is_replaced_by_our_own(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    config = StreamConfig(name="PLATFORM", subjects=["events.data.>"])
    neighbour.does(lambda client: client.jetstream().add_stream(config))
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        neighbour.does(lambda client: client.jetstream().delete_stream("PLATFORM"))
        assert eventually(lambda: inbox.consumer.status.streams == (STREAM,))
        neighbour.tells("one", subject=INGESTED, dataset_id="a")
        assert inbox.is_idle(handled=1)


def test_what_was_handled_leaves_the_stream(an_inbox: RunningInbox, neighbour: Neighbour) -> None:
    for number in range(100):
        neighbour.tells(str(number))
    assert an_inbox.is_idle(handled=100)
    assert eventually(
        lambda: neighbour.does(lambda client: client.jetstream().stream_info(STREAM)).state.messages == 0
    )


def test_events_that_come_while_nats_dies_again_and_again_are_handled_in_order(
    nats_server: NatsServer, an_inbox: RunningInbox, journal: Journal
) -> None:
    for number in range(30):
        with Neighbour(nats_server.address) as neighbour:
            neighbour.tells(str(number), about="one")
        if number % 10 == 5:
            nats_server.kill()
            nats_server.start()
    assert eventually(lambda: len(set(journal.ids)) == 30, within_s=60)
    assert list(dict.fromkeys(journal.ids)) == [str(number) for number in range(30)]


def test_an_inbox_that_takes_over_handles_first_what_was_begun_before(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    is_begun, is_over = threading.Event(), threading.Event()

    def hang(event: InboundEvent) -> None:
        is_begun.set()
        assert is_over.wait(60)
        raise Refusal("too late")

    with RunningInbox(nats_server.address, tmp_path, lambda event: bool(hang(event)), ack_wait_s=1.0):
        for number in range(3):
            neighbour.tells(str(number), about="one")
        assert is_begun.wait(20)
    neighbour.tells("3", about="one")
    with RunningInbox(nats_server.address, tmp_path, journal.react, ack_wait_s=1.0) as second:
        assert second.is_idle(handled=4)
    is_over.set()
    assert journal.ids == ["0", "1", "2", "3"]

    def unsettled() -> int | None:
        return neighbour.does(lambda client: client.jetstream().consumer_info(STREAM, DURABLE)).num_ack_pending

    assert eventually(lambda: unsettled() == 0)
