"""What a release has stored is readable for ever: its rows are never touched, and mean what they meant."""

import json
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.version import Version

from domain.kernel import UnknownEvent
from infrastructure.event_store.topics import TOPICS
from tests.infrastructure.event_store.releases import (
    EVENTS,
    GOLDEN,
    ROWS,
    STATES,
    event_lines,
    events,
    freeze,
    releases,
    rows,
    states,
)
from tests.infrastructure.event_store.stores import ROOT
from tests.infrastructure.event_store.story import tell_everything

SHA256_OF_ROWS = {
    "0.1.0": "ed05ff03d66fac9cc023af66a11b928280fa64892e030ca51095eb126276c651",
    "0.2.0": "7d2161986408603fb26c6abcd615abc1226c75dcc01d04df034b0d80228ce378",
    "0.3.0": "f7f129f76676069d6fa622120f49159c9d4a3fa8df5793b193eaeba9740f8760",
    "0.4.0": "db8de951ce6f0d3d154b71be86ea898b2ea6ac44898e5b88ba930a8d19bb27b6",
}
"""Release → the digest of its rows. A line here is for ever; a new release adds one."""


def test_the_rows_of_every_release_are_byte_for_byte_what_it_stored() -> None:
    kept = {release: sha256((GOLDEN / release / ROWS).read_bytes()).hexdigest() for release in releases()}
    assert kept == SHA256_OF_ROWS


def test_rows_are_kept_of_no_release_that_is_yet_to_come() -> None:
    this_one = Version(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    assert all(Version(release) <= this_one for release in releases())


def test_every_shape_that_a_topic_ever_had_is_among_the_rows_of_the_release_that_first_stored_it() -> None:
    kept = {(row.topic, json.loads(row.state).get("schema", 1)) for release in releases() for row in rows(release)}
    ever = {(topic, schema) for topic, event in TOPICS.items() for schema in range(1, event.SCHEMA_VERSION + 1)}
    assert ever <= kept, "freeze what this release stores: python -m tests.infrastructure.event_store.releases"


@pytest.mark.parametrize("release", releases())
def test_every_row_is_read_as_the_event_that_it_was(release: str) -> None:
    read = events(release)
    assert not [event for event in read if isinstance(event, UnknownEvent)]
    assert [event.TOPIC for event in read] == [row.topic for row in rows(release)]
    assert event_lines(release) == (GOLDEN / release / EVENTS).read_text().splitlines()


@pytest.mark.parametrize("release", releases())
def test_every_stream_is_folded_to_the_state_that_it_had(release: str) -> None:
    assert states(release) == json.loads((GOLDEN / release / STATES).read_text())


def test_everything_that_can_happen_is_told_in_the_story_that_is_frozen(tmp_path: Path) -> None:
    with tell_everything(tmp_path) as ledger:
        stored = ledger.recorder.select_notifications(1, 10_000)
    assert {each.topic for each in stored} == set(TOPICS)


@pytest.mark.parametrize("release", releases())
def test_what_a_release_stored_is_not_written_down_twice(release: str) -> None:
    before = (GOLDEN / release / ROWS).read_bytes()
    with pytest.raises(FileExistsError):
        freeze(release)
    assert (GOLDEN / release / ROWS).read_bytes() == before
