"""The commands against an interface over a real NATS server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from application.integration.inbound import InboundEvent
from domain.errors import Refusal
from interfaces.http.dead_letters import DeadLetterEndpoints
from interfaces.http.exchange import Exchange
from interfaces.http.operations import routes
from interfaces.http.stopping import Stopping
from tests.interfaces.cli.commands import run, run_on_terminal
from tests.support.http import listening
from tests.support.inboxes import Journal, Neighbour, RunningInbox
from tests.support.nats import NatsServer


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def an_inbox(nats_server: NatsServer, tmp_path: Path, journal: Journal) -> Iterator[RunningInbox]:
    with RunningInbox(nats_server.address, tmp_path, journal.react) as inbox:
        yield inbox


@pytest.fixture
def url(an_inbox: RunningInbox) -> Iterator[str]:
    operations = DeadLetterEndpoints(dead_letters=an_inbox.dead_letters).operations()
    app = Exchange(Starlette(routes=routes(operations)), stopping=Stopping())
    with listening(app) as url:
        yield url


@pytest.fixture
def two_letters(an_inbox: RunningInbox, nats_server: NatsServer, journal: Journal) -> list[str]:
    def refuse(event: InboundEvent) -> None:
        raise Refusal(f"not {event.id}")

    journal.before = refuse
    with Neighbour(nats_server.address) as neighbour:
        neighbour.tells("one", model_id="orders\u202e")
        neighbour.tells("two", model_id="orders\u202e")
    assert an_inbox.has_letters("request.refused", "dead-letter.waits")
    return [str(each.id) for each in an_inbox.letters()]


@pytest.mark.slow
def test_dead_letters_are_listed_shown_replayed_and_discarded(
    url: str, two_letters: list[str], journal: Journal
) -> None:
    one, two = two_letters
    assert [str(each["id"]) for each in run("dead-letters", "list", "--url", url).lines] == two_letters
    (shown,) = run("dead-letters", "show", one, "--url", url).lines
    assert shown["headers"]["ce-id"] == "one"
    in_vain = run("dead-letters", "replay", one, "--url", url)
    assert (in_vain.status, in_vain.out) == (1, "")
    assert "not one" in in_vain.err
    discarded = run("dead-letters", "discard", one, "--url", url)
    assert (discarded.status, discarded.out) == (1, f"discarded: {one}\n")
    assert "not two" in discarded.err
    journal.before = lambda _: None
    replayed = run("dead-letters", "replay", two, "--url", url)
    assert (replayed.status, replayed.out) == (0, f"handled: {two}\n")
    missing = run("dead-letters", "show", one, "--url", url)
    assert (missing.status, missing.err.count("dead-letter.not-found")) == (1, 1)


@pytest.mark.slow
def test_people_see_a_table_that_cannot_obey_a_neighbour(url: str, two_letters: list[str]) -> None:
    seen = run_on_terminal("dead-letters", "list", "--url", url)
    assert seen.status == 0
    assert r"orders\u202e" in seen.out
    assert "\u202e" not in seen.out
    assert "not one (request.refused)" in seen.out


def test_without_a_service_the_commands_end_with_three() -> None:
    assert run("dead-letters", "list", "--url", "http://127.0.0.1:9").status == 3
