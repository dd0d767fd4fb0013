"""Who follows a file need not wait for its next look at it."""

from pathlib import Path
from uuid import UUID

import pytest

from application.ledger import Ledger
from infrastructure.event_store import sqlite_subscription
from infrastructure.event_store.settings import sqlite_environment
from tests.support.events import model_registered


def test_a_woken_follower_sees_at_once_what_another_process_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_subscription, "POLL_S", 3_600)
    environment = sqlite_environment(tmp_path / "events.db")
    with Ledger(environment) as ledger, Ledger(environment) as elsewhere:
        elsewhere.commit([model_registered(originator_id=UUID(int=1), name="first")])
        with ledger.follow(after=0) as following:
            pages = iter(following)
            assert [each.position for each in next(pages)] == [1]
            elsewhere.commit([model_registered(originator_id=UUID(int=2), name="second")])
            following.wake()
            assert [each.position for each in next(pages)] == [2]
