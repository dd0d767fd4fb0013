"""What could not be handled, and what comes over HTTP, over a real NATS server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from application.integration.inbound import InboundEvent
from domain.errors import Refusal
from interfaces.http.callback import CallbackEndpoint
from interfaces.http.dead_letters import DeadLetterEndpoints
from interfaces.http.exchange import Exchange
from interfaces.http.operations import BASE, routes
from interfaces.http.stopping import Stopping
from tests.support.http import client_of, listening
from tests.support.inboxes import Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer

LETTERS = f"{BASE}/dead-letters"
PING = {"event_type": "broker_service.ping", "payload": {}}


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def an_inbox(nats_server: NatsServer, tmp_path: Path, journal: Journal) -> Iterator[RunningInbox]:
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        yield inbox


@pytest.fixture
def client(an_inbox: RunningInbox) -> Iterator[httpx.Client]:
    operations = [
        *CallbackEndpoint(inbox=an_inbox.inbox).operations(),
        *DeadLetterEndpoints(dead_letters=an_inbox.dead_letters).operations(),
    ]
    app = Exchange(Starlette(routes=routes(operations)), stopping=Stopping())
    with listening(app) as url, client_of(url) as client:
        yield client


@pytest.fixture
def three_letters(an_inbox: RunningInbox, nats_server: NatsServer, journal: Journal) -> list[int]:
    """One that failed, one that waits behind it, and one of another aggregate."""

    def refuse(event: InboundEvent) -> None:
        raise Refusal(f"not {event.id}")

    journal.before = refuse
    with Neighbour(nats_server.address) as neighbour:
        for event_id, about in (("one", "orders"), ("two", "orders"), ("other", "visits")):
            neighbour.tells(event_id, about=about)
            assert an_inbox.has_event(event_id)
    journal.before = lambda _: None
    return [each.id for each in an_inbox.letters()]


@pytest.mark.parametrize("path", ["/events/callback", f"{BASE}/events/callback"])
def test_a_callback_is_accepted_and_handled(
    client: httpx.Client, an_inbox: RunningInbox, journal: Journal, path: str
) -> None:
    body = {**PING, "timestamp": "2026-03-01T12:00:00Z"}
    response = client.post(path, json=body, headers={"X-Request-ID": "the-request"})
    assert response.status_code == 202
    assert an_inbox.is_idle(handled=1)
    (event,) = journal.events
    assert response.json() == {"event_id": event.id}
    assert event.correlation_id == "the-request"


def test_a_callback_that_says_its_id_is_known_by_it(client: httpx.Client) -> None:
    response = client.post("/events/callback", json={"event_type": "x", "payload": {"event_id": "one"}})
    assert response.json() == {"event_id": "one"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("{", 400),
        ("null", 422),
        ("{}", 422),
        ('{"event_type": "", "payload": {}}', 422),
        ('{"event_type": "x", "payload": []}', 422),
        ('{"event_type": "x", "payload": {}, "timestamp": "yesterday"}', 422),
        ('{"event_type": "x", "payload": {}, "more": 1}', 422),
        ('{"event_type": "x", "payload": {"a": "\\u0000"}}', 422),
        ('{"event_type": "x", "payload": {"a": NaN}}', 400),
        ('{"event_type": "x", "payload": {"a": "' + "x" * 300_000 + '"}}', 422),
        (" " * 600_000, 413),
    ],
)
def test_what_is_no_callback_is_refused_with_the_reason(client: httpx.Client, content: str, status: int) -> None:
    response = client.post("/events/callback", content=content, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert response.json()["error_code"]


def test_without_nats_the_sender_is_asked_to_come_back(client: httpx.Client, nats_server: NatsServer) -> None:
    nats_server.kill()
    for response in (client.post("/events/callback", json=PING), client.get(LETTERS)):
        assert response.status_code == 503
        assert response.json()["error_code"] == "messaging.unavailable"
        assert int(response.headers["retry-after"]) > 0


def test_dead_letters_are_listed_page_by_page(client: httpx.Client, three_letters: list[int]) -> None:
    found: list[Any] = []
    token: dict[str, str] = {}
    for _ in three_letters:
        page = client.get(LETTERS, params={"page_size": "1", **token}).json()
        found += page["items"]
        token = {"page_token": page["next_page_token"]}
    assert token == {"page_token": None}
    assert [each["id"] for each in found] == three_letters
    assert [each["status"] for each in found] == ["failed", "waiting", "failed"]
    assert (found[0]["reason"], found[0]["code"]) == ("not one", "request.refused")
    assert found[0]["aggregate"] == "orders"


def test_a_dead_letter_is_shown_as_it_came(client: httpx.Client, three_letters: list[int]) -> None:
    letter = client.get(f"{LETTERS}/{three_letters[0]}").json()
    assert letter["body"] == '{"model_id": "orders"}'
    assert letter["headers"]["ce-id"] == "one"
    assert letter["body_base64"] is None


@pytest.mark.parametrize("letter", ["999", "none", "1.0", "-1", "9" * 40, "²"])
def test_a_dead_letter_that_is_not_there_is_not_found(client: httpx.Client, letter: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
        response = client.request(method, f"{LETTERS}/{letter}{path}")
        assert (response.status_code, response.json()["error_code"]) == (404, "dead-letter.not-found")


def test_a_replay_says_what_was_handled(client: httpx.Client, three_letters: list[int], journal: Journal) -> None:
    one, two, other = three_letters
    waiting = client.post(f"{LETTERS}/{two}/replay")
    assert (waiting.status_code, waiting.json()["error_code"]) == (409, "dead-letter.waits")
    assert client.post(f"{LETTERS}/{one}/replay").json() == {"handled": [one, two], "stopped_at": None}
    assert journal.ids == ["one", "two"]
    assert [each["id"] for each in client.get(LETTERS).json()["items"]] == [other]


def test_a_replay_in_vain_says_why(client: httpx.Client, three_letters: list[int], journal: Journal) -> None:
    def refuse(event: InboundEvent) -> None:
        raise Refusal(f"still not {event.id}")

    journal.before = refuse
    response = client.post(f"{LETTERS}/{three_letters[0]}/replay")
    assert (response.status_code, response.json()["error_code"]) == (409, "dead-letter.still-refused")
    assert "still not one" in response.json()["error"]
    discarded = client.delete(f"{LETTERS}/{three_letters[0]}").json()
    assert (discarded["handled"], discarded["stopped_at"]["reason"]) == ([], "still not two")
