"""Random edits of a copied log: every one is found, and where it was made."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infrastructure.event_store.chain_breaks import ChainBroken
from infrastructure.event_store.checkpoints import Checkpoint
from infrastructure.event_store.verification import verify
from tests.faults.edits import CHECKPOINT_EVERY, EDITS
from tests.support.logs import EditableLog, EditablePostgresLog, EditableSQLiteLog, Rows, some_rows

EVENTS = 300
EDITS_AT_SCALE_1 = 60

ROWS = some_rows(EVENTS)
CHECKPOINTS = [
    Checkpoint.signed(position=position, hash=hash_, at=datetime.now(UTC), key=Ed25519PrivateKey.generate())
    for position, hash_ in ROWS.links
    if position % CHECKPOINT_EVERY == 0
]


@pytest.fixture(params=["sqlite", "postgres"])
def a_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EditableLog]:
    if request.param == "sqlite":
        yield EditableSQLiteLog(tmp_path / "events.db")
    else:
        yield EditablePostgresLog(request.getfixturevalue("postgres_url"))


def broken_at(log: EditableLog) -> ChainBroken | None:
    with log.log.snapshot() as snapshot:
        try:
            verify(snapshot, checkpoints=CHECKPOINTS)
        except ChainBroken as broken:
            return broken
    return None


def test_every_edit_of_a_log_is_found_where_it_was_made(a_log: EditableLog, scale: int) -> None:
    a_log.put(ROWS.events, ROWS.links)
    assert broken_at(a_log) is None
    random = Random(scale)
    names = [name for _ in range(EDITS_AT_SCALE_1 * scale // len(EDITS) + 1) for name in EDITS]
    for number, name in enumerate(names[: EDITS_AT_SCALE_1 * scale]):
        edited: Rows = ROWS.copy()
        expected = EDITS[name](edited, random.randrange(EVENTS), random)
        a_log.put(edited.events, edited.links)
        found = broken_at(a_log)
        assert found is not None, f"{number}: {name} at {expected} was not found"
        assert found.position == expected, f"{number}: {name} at {expected} was found at {found}"
