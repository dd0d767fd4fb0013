from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.messaging.inbox_attempts import InboxAttempts
from tests.support.operation import operation_database


@pytest.fixture(params=["sqlite", "postgres"])
def attempts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InboxAttempts]:
    sqlite = tmp_path / "operation.db"
    database = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with operation_database(database) as operation:
        yield InboxAttempts(operation)


def test_an_attempt_that_never_ended_is_remembered(attempts: InboxAttempts) -> None:
    assert attempts.unfinished(("S", 1)) == 0
    attempts.begin(("S", 1))
    attempts.begin(("S", 1))
    attempts.begin(("T", 1))
    assert [attempts.unfinished(place) for place in (("S", 1), ("T", 1), ("S", 2))] == [2, 1, 0]


def test_an_attempt_that_has_ended_is_forgotten_with_those_before(attempts: InboxAttempts) -> None:
    for place in (("S", 1), ("S", 1), ("S", 2)):
        attempts.begin(place)
    attempts.end([("S", 1), ("S", 3)])
    assert (attempts.unfinished(("S", 1)), attempts.unfinished(("S", 2))) == (0, 1)
