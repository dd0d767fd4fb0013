import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from application.integration.inbound import InboundEvent
from application.integration.incoming import DURABLE, STREAM, aggregate_of
from application.ports.dead_letters import (
    DeadLetterCounts,
    DeadLetterNotFound,
    DeadLettersBusy,
    DeadLetterWaits,
    LetterStatus,
    StillRefused,
)
from application.ports.messaging import MessagingUnavailable
from domain.errors import Refusal
from infrastructure.messaging.dead_letter_stream import DeadLetterStream
from infrastructure.messaging.inbound_messages import BODY_MAX_BYTES, InboundMessage
from infrastructure.messaging.inbox import consumer_of
from infrastructure.messaging.inbox_settling import DEATHS_MAX, Received, Settling
from infrastructure.system.clock import SystemClock
from tests.support.inboxes import INGESTED, UPDATED, Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer
from tests.support.neighbourhood import Neighbourhood
from tests.support.processes import eventually


def ingested(event_id: str, about: str | None) -> dict[str, str]:
    """Return the headers of an event of ingestion."""
    subject = {} if about is None else {"ce_subject": about.replace(" ", "%20")}
    return {**CLOUD_EVENT, "ce_type": "data.ingestion.completed", "ce_id": event_id, **subject}


CLOUD_EVENT = {"ce_id": "1", "ce_type": "metadata.model.updated", "ce_source": "/x", "ce_specversion": "1.0"}
GARBAGE = {
    "nothing": (b"", {}, "inbox.not-json"),
    "no JSON": (b"{", {}, "inbox.not-json"),
    "not UTF-8": (b'{"event_type": "\xff"}', {}, "inbox.not-json"),
    "NaN": (b'{"event_type": "x", "payload": {"a": NaN}}', {}, "inbox.not-json"),
    "half a surrogate pair": (b'{"event_type": "x", "payload": {"a": "\\ud800"}}', {}, "inbox.not-json"),
    "nested without end": (
        b'{"event_type":"x","payload":' + b'{"a":' * 200 + b"1" + b"}" * 201,
        {},
        "inbox.unreadable",
    ),
    "a list": (b"[1, 2]", {}, "inbox.no-event"),
    "no type": (b'{"payload": {}}', {}, "inbox.no-event"),
    "no payload": (b'{"event_type": "x"}', {}, "inbox.no-event"),
    "a type that is none": (b'{"event_type": 5, "payload": {}}', {}, "inbox.no-event"),
    "an instant that UTC does not have": (
        b'{"event_type": "x", "payload": {}, "timestamp": "0001-01-01T00:00:00+14:00"}',
        {},
        "inbox.no-event",
    ),
    "a type with control characters": (b'{"event_type": "a\\u0000", "payload": {}}', {}, "inbox.no-event"),
    "a NUL": (b'{"event_type": "x", "payload": {"a": "\\u0000"}}', {}, "inbox.unreadable"),
    "too large": (b'{"event_type": "x", "payload": {}}' + b" " * BODY_MAX_BYTES, {}, "inbox.too-large"),
    "a CloudEvent without id": (b"{}", {**CLOUD_EVENT, "ce_id": ""}, "inbox.no-cloud-event"),
    "a CloudEvent of another version": (b"{}", {**CLOUD_EVENT, "ce_specversion": "9"}, "inbox.no-cloud-event"),
    "a CloudEvent whose data are no JSON": (b"{", CLOUD_EVENT, "inbox.no-cloud-event"),
    "a CloudEvent whose data are no object": (b"[]", CLOUD_EVENT, "inbox.no-event"),
    "a CloudEvent with an endless id": (b"{}", {**CLOUD_EVENT, "ce_id": "x" * 2_000}, "inbox.unreadable"),
    "a CloudEvent with control characters": (b"{}", {**CLOUD_EVENT, "ce_id": "a%0Ab"}, "inbox.unreadable"),
    "a structured CloudEvent that is a list": (
        b"[]",
        {"content_type": "application/cloudevents+json"},
        "inbox.no-cloud-event",
    ),
    "a batch": (b"[]", {"content_type": "application/cloudevents-batch+json"}, "inbox.no-cloud-event"),
}


def refusing(*ids: str) -> Callable[[InboundEvent], None]:
    def refuse(event: InboundEvent) -> None:
        if event.id in ids:
            raise Refusal(f"not {event.id}")

    return refuse


@pytest.mark.parametrize(("body", "headers", "code"), GARBAGE.values(), ids=GARBAGE)
def test_what_cannot_be_read_is_set_aside_at_once_with_the_reason(
    an_inbox: RunningInbox, neighbour: Neighbour, body: bytes, headers: dict[str, str], code: str
) -> None:
    neighbour.publish(UPDATED, body, **headers)
    neighbour.tells("sound")
    assert an_inbox.is_idle(handled=1)
    (letter,) = an_inbox.letters()
    assert (letter.code, letter.status, letter.deliveries) == (code, LetterStatus.FAILED, 1)
    assert letter.reason.endswith((".", ".)"))
    kept = an_inbox.dead_letters.get(letter.id)
    assert kept.size_bytes == len(body)
    assert body.startswith(kept.body)
    assert dict(kept.headers) == {name.replace("_", "-"): value for name, value in headers.items()}


def test_later_messages_of_an_aggregate_wait_behind_its_dead_letter_while_others_go_on(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    for event_id in ("first", "bad", "second", "third"):
        neighbour.tells(event_id, about="orders")
        neighbour.tells(f"of-visits-{event_id}", about="visits")
    assert an_inbox.is_idle(handled=5)
    letters = an_inbox.letters()
    assert [each.event_id for each in letters] == ["bad", "second", "third"]
    assert [each.status for each in letters] == [LetterStatus.FAILED, LetterStatus.WAITING, LetterStatus.WAITING]
    assert {each.aggregate for each in letters} == {"orders"}
    assert letters[0].reason == "not bad"
    assert an_inbox.dead_letters.counts() == DeadLetterCounts(letters=3, aggregates=1)


def test_a_replay_handles_the_message_and_those_that_wait_behind_it_in_their_order(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    for event_id in ("bad", "second", "third"):
        neighbour.tells(event_id, about="orders")
    assert an_inbox.has_letters("request.refused", "dead-letter.waits", "dead-letter.waits")
    bad, second, third = an_inbox.letters()
    with pytest.raises(DeadLetterWaits, match=f"behind {bad.id}"):
        an_inbox.dead_letters.replay(third.id)
    with pytest.raises(StillRefused, match="not bad"):
        an_inbox.dead_letters.replay(bad.id)
    journal.before = refusing()
    resumed = an_inbox.dead_letters.replay(bad.id)
    assert (resumed.handled, resumed.stopped_at) == ((bad.id, second.id, third.id), None)
    assert journal.ids == ["bad", "second", "third"]
    assert not an_inbox.letters()
    neighbour.tells("fourth", about="orders")
    assert an_inbox.is_idle(handled=1)


def test_a_replay_stops_before_what_is_refused_and_says_why(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("one", "two")
    for event_id in ("one", "two", "three"):
        neighbour.tells(event_id, about="orders")
    assert an_inbox.has_letters("request.refused", "dead-letter.waits", "dead-letter.waits")
    one, two, three = an_inbox.letters()
    journal.before = refusing("two")
    resumed = an_inbox.dead_letters.replay(one.id)
    assert resumed.handled == (one.id,)
    assert resumed.stopped_at is not None
    assert (resumed.stopped_at.id, resumed.stopped_at.reason) == (two.id, "not two")
    assert [(each.id, each.status) for each in an_inbox.letters()] == [
        (two.id, LetterStatus.FAILED),
        (three.id, LetterStatus.WAITING),
    ]
    assert an_inbox.dead_letters.get(two.id).at > two.at
    with pytest.raises(StillRefused):  # a message that is parked again stays parked
        an_inbox.dead_letters.replay(two.id)
    assert [each.id for each in an_inbox.letters()] == [two.id, three.id]


def test_discarding_a_message_lets_those_behind_it_go_on(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    for event_id in ("bad", "second", "third", "fourth"):
        neighbour.tells(event_id, about="orders")
    assert an_inbox.has_letters("request.refused", *["dead-letter.waits"] * 3)
    bad, second, third, fourth = an_inbox.letters()
    assert an_inbox.dead_letters.discard(third.id).handled == ()
    assert an_inbox.dead_letters.discard(bad.id).handled == (second.id, fourth.id)
    assert journal.ids == ["second", "fourth"]
    for gone in (bad, third):
        with pytest.raises(DeadLetterNotFound):
            an_inbox.dead_letters.get(gone.id)


def test_what_comes_while_its_aggregate_is_replayed_is_handled_after_it(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    neighbour.tells("bad", about="orders")
    assert an_inbox.has_letters("request.refused")

    def tell_more(event: InboundEvent) -> None:
        if event.id == "bad":
            neighbour.tells("meanwhile", about="orders")
            assert an_inbox.has_letters("request.refused", "dead-letter.waits")

    journal.before = tell_more
    an_inbox.dead_letters.replay(an_inbox.letters()[0].id)
    assert journal.ids == ["bad", "meanwhile"]
    assert not an_inbox.letters()


def test_dead_letters_are_replayed_one_at_a_time(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    neighbour.tells("bad")
    assert an_inbox.has_letters("request.refused")
    (bad,) = an_inbox.letters()
    refused: list[bool] = []

    def replay_meanwhile(_: InboundEvent) -> None:
        with pytest.raises(DeadLettersBusy):
            an_inbox.dead_letters.replay(bad.id)
        refused.append(True)

    journal.before = replay_meanwhile
    an_inbox.dead_letters.replay(bad.id)
    assert refused == [True]


def test_a_message_that_is_handed_out_again_is_set_aside_once(
    an_inbox: RunningInbox, neighbour: Neighbour
) -> None:
    def refuse(_: InboundEvent) -> bool:
        raise Refusal("no")

    settling = Settling(react=refuse, about=aggregate_of, attempts=an_inbox.attempts, clock=SystemClock())

    def handed_out(deliveries: int, sequence: int) -> None:
        body = b'{"event_type": "metadata.model.updated", "payload": {"model_id": "orders"}}'
        message = InboundMessage(
            stream="S", sequence=sequence, deliveries=deliveries, subject=UPDATED, headers={}, body=body
        )
        received = Received.of(message, about=aggregate_of)
        neighbour.does(lambda client: settling.settle(received, DeadLetterStream(client.jetstream())))

    for deliveries, sequence in [(1, 1), (2, 1), (1, 2), (2, 2), (3, 1)]:
        handed_out(deliveries, sequence)
    assert [each.sequence for each in an_inbox.letters()] == [1, 2]


@pytest.mark.slow
def test_a_message_that_ends_the_process_is_set_aside_in_the_end_and_takes_nobody_with_it(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    with RunningInbox(nats_server.address, tmp_path, journal.react):
        pass  # makes the streams
    for event_id in ("poison", "behind"):
        neighbour.tells(event_id, about="orders")
    for number in range(4):
        neighbour.tells(f"sound{number}")
    log = tmp_path / "handled"
    command = [sys.executable, "-m", "tests.support.dying_inbox", nats_server.url, str(tmp_path), str(log)]
    ends = [subprocess.run(command, check=False, timeout=60).returncode for _ in range(DEATHS_MAX + 1)]
    assert ends == [-signal.SIGKILL] * DEATHS_MAX + [0]
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        assert inbox.has_letters("inbox.process-died", "dead-letter.waits")
        assert [each.event_id for each in inbox.letters()] == ["poison", "behind"]
    assert set(log.read_text().split()) == {f"sound{number}" for number in range(4)}


def test_a_message_that_its_stream_hands_out_no_more_is_kept(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    with RunningInbox(nats_server.address, tmp_path, journal.react):
        pass

    async def hand_out_in_vain(client: Client) -> None:
        js = client.jetstream()
        await js.add_consumer(STREAM, consumer_of((UPDATED,)).evolve(max_deliver=1, ack_wait=0.2))
        subscription = await js.pull_subscribe_bind(durable=DURABLE, stream=STREAM)
        await subscription.fetch(1, timeout=30)
        with suppress(TimeoutError):
            await subscription.fetch(1, timeout=1)
        await subscription.unsubscribe()

    neighbour.tells("lost", about="orders")
    neighbour.does(hand_out_in_vain)
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        assert inbox.has_letters("inbox.delivered-too-often")
        (lost,) = inbox.letters()
        assert (lost.event_id, lost.aggregate, lost.deliveries) == ("lost", "orders", 1)
        assert inbox.dead_letters.replay(lost.id).handled == (lost.id,)
    assert journal.ids == ["lost"]
    state = neighbour.does(lambda client: client.jetstream().stream_info(STREAM)).state
    assert state.messages == 0


def test_who_listens_to_what_jetstream_gives_up_does_not_stand_in_the_way(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour, journal: Journal
) -> None:
    config = StreamConfig(name="OPERATORS", subjects=["$JS.EVENT.ADVISORY.>"])
    neighbour.does(lambda client: client.jetstream().add_stream(config))
    journal.before = refusing("bad")
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        neighbour.tells("bad")
        assert inbox.has_letters("request.refused")


def test_dead_letters_outlive_a_crash_of_nats(
    nats_server: NatsServer, an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    journal.before = refusing("bad")
    for event_id in ("bad", "second"):
        neighbour.tells(event_id, about="orders")
    assert an_inbox.has_letters("request.refused", "dead-letter.waits")
    nats_server.kill()
    with pytest.raises(MessagingUnavailable):
        an_inbox.letters()
    nats_server.start()
    journal.before = refusing()
    assert eventually(lambda: an_inbox.messaging.status.is_connected)
    assert len(an_inbox.dead_letters.replay(an_inbox.letters()[0].id).handled) == 2


def test_data_that_cannot_be_registered_wait_with_the_reason_until_they_can(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour
) -> None:
    with (
        Neighbourhood(tmp_path) as neighbourhood,
        RunningInbox(nats_server.address, tmp_path, neighbourhood.reactions.react) as inbox,
    ):
        neighbourhood.a_model("churn", follows="orders", target="churned")
        neighbour.tells("1", subject=INGESTED, dataset_id="orders", uri="late.csv")
        neighbour.tells("2", subject=INGESTED, dataset_id="orders", uri=neighbourhood.lies("b.csv", rows=41))
        neighbour.tells("3", subject=INGESTED, dataset_id="visits", uri=neighbourhood.lies("c.csv"))
        assert inbox.has_letters("request.invalid", "dead-letter.waits")
        first, _ = inbox.letters()
        assert "names nothing that is there" in first.reason
        neighbourhood.lies("late.csv")
        inbox.dead_letters.replay(first.id)
        assert inbox.is_idle(handled=1)
        assert sorted(each["name"] for each in neighbourhood.datasets()) == ["orders", "orders-2", "visits"]
        assert neighbourhood.trained() == [("churn", "orders"), ("churn", "orders-2")]


def test_whatever_is_called_a_state_of_one_dataset_waits_behind_its_dead_letter(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour
) -> None:
    with (
        Neighbourhood(tmp_path) as neighbourhood,
        RunningInbox(
            nats_server.address, tmp_path, neighbourhood.reactions.react, about=neighbourhood.reactions.about
        ) as inbox,
    ):
        first = neighbourhood.a_dataset("ordérs")
        neighbourhood.told("0", dataset_id=first, uri=neighbourhood.lies("b.csv", rows=41))
        neighbour.tells("bad", subject=INGESTED, dataset_id="ordérs-2", uri="late.csv")
        later = neighbourhood.lies("c.csv", rows=42)
        calls = ["ordérs", "orde\u0301rs", first, f"{{{first.upper()}}}", neighbourhood.datasets()[-1]["id"]]
        for number, call in enumerate(calls):
            about = "a run of the ingestion" if number % 2 else None
            data = json.dumps({"dataset_id": call, "uri": later}).encode()
            neighbour.publish(INGESTED, data, **ingested(str(number), about))
        neighbour.tells("other", subject=INGESTED, dataset_id="visits", uri=later)
        assert inbox.is_idle(handled=1)
        assert inbox.has_letters("request.invalid", *["dead-letter.waits"] * len(calls))
        bad, *_ = inbox.letters()
        assert {each.aggregate for each in inbox.letters()} == {"ordérs"}
        neighbourhood.lies("late.csv", rows=43)
        assert len(inbox.dead_letters.replay(bad.id).handled) == 1 + len(calls)
        assert [each["name"] for each in neighbourhood.datasets()] == [
            "ordérs",
            "ordérs-2",
            "visits",
            "ordérs-3",
            "ordérs-4",
        ]


def test_a_dataset_that_is_registered_meanwhile_is_the_one_that_its_name_meant(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour
) -> None:
    with (
        Neighbourhood(tmp_path) as neighbourhood,
        RunningInbox(
            nats_server.address, tmp_path, neighbourhood.reactions.react, about=neighbourhood.reactions.about
        ) as inbox,
    ):
        neighbour.tells("bad", subject=INGESTED, dataset_id="orders", uri="late.csv")
        assert inbox.has_letters("request.invalid")
        registered = neighbourhood.a_dataset("orders")
        neighbour.tells("behind", subject=INGESTED, dataset_id=registered)
        assert inbox.has_letters("request.invalid", "dead-letter.waits")


def test_events_that_come_again_and_again_in_any_order_have_their_effects_once(
    nats_server: NatsServer, tmp_path: Path, neighbour: Neighbour
) -> None:
    names = ("orders", "visits", "clicks")
    with (
        Neighbourhood(tmp_path) as neighbourhood,
        RunningInbox(nats_server.address, tmp_path, neighbourhood.reactions.react) as inbox,
    ):
        for name in names:
            neighbourhood.a_model(f"follows-{name}", follows=name, target="churned")
            neighbourhood.lies(f"{name}.csv", rows=40 + len(name))
            neighbourhood.lies(f"{name}-later.csv", rows=50 + len(name))
        told = [(f"{name}{ending}", name) for _ in range(3) for ending in ("", "-later") for name in names]
        random.Random(4).shuffle(told)
        told.sort(key=lambda each: each[0].endswith("-later") and each[1] == "orders")
        for file, name in told:
            neighbour.tells(f"event-{file}", subject=INGESTED, dataset_id=name, uri=f"{file}.csv")
        assert inbox.is_idle(handled=18)
        assert inbox.consumer.status.duplicates == 12
        assert [each["generation"] for each in neighbourhood.datasets()].count(1) == 3
        assert sorted({each["name"] for each in neighbourhood.datasets()}) == sorted(
            [*names, *(f"{name}-2" for name in names)]
        )
        assert len(neighbourhood.jobs()) == 6


UNKNOWN = {**CLOUD_EVENT, "ce_type": "data.ingestion.progress"}


@pytest.mark.parametrize(
    "body", [b"<xml/>", b"\x00\xff", b"x" * 2 * BODY_MAX_BYTES], ids=["xml", "bytes", "large"]
)
def test_what_nobody_listens_to_is_counted_whatever_its_body_is(
    an_inbox: RunningInbox, neighbour: Neighbour, body: bytes
) -> None:
    neighbour.publish(INGESTED, body, **UNKNOWN)
    assert eventually(lambda: an_inbox.consumer.status.unknown == 1)
    assert not an_inbox.letters()


def test_what_others_write_among_the_dead_letters_holds_up_nobody(
    an_inbox: RunningInbox, neighbour: Neighbour, journal: Journal
) -> None:
    advisory = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{STREAM}.{DURABLE}"
    for garbage in (b"garbage", b"[]", b'{"stream": 1}', b'{"stream": "OTHER", "stream_seq": 1, "deliveries": 2}'):
        neighbour.publish(advisory, garbage)
    neighbour.publish("ml.dead_letters.letters.foo", b"garbage")
    assert an_inbox.has_letters("dead-letter.unreadable")
    [letter] = an_inbox.letters()
    neighbour.publish(f"ml.dead_letters.outcomes.{letter.id}", b"garbage")
    assert an_inbox.dead_letters.get(letter.id).code == "dead-letter.unreadable"
    an_inbox.dead_letters.discard(letter.id)
    assert not an_inbox.letters()
    neighbour.tells("one")
    assert eventually(lambda: journal.ids == ["one"])
