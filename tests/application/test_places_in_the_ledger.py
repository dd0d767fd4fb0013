"""Events found by where they are: at a position, at the end of a stream, up to a position."""

from uuid import UUID

import pytest

from application.ledger import Ledger
from domain.models.model import Model
from tests.support.commands import a_registered_model, add_version
from tests.support.fakes.identity import CountingIdentity


@pytest.fixture
def a_model(an_empty_ledger: Ledger) -> Model:
    identity = CountingIdentity()
    model = a_registered_model(an_empty_ledger, "churn", identity=identity)
    for _ in range(3):
        add_version(an_empty_ledger, model, identity=identity)
    return model


def test_an_event_is_found_at_its_position_and_nowhere_else(an_empty_ledger: Ledger, a_model: Model) -> None:
    log = an_empty_ledger.read(after=0, limit=100)
    assert [an_empty_ledger.at(each.position) for each in log] == log
    assert an_empty_ledger.at(0) is None
    assert an_empty_ledger.at(log[-1].position + 1) is None


def test_the_last_event_is_that_of_the_newest_version(an_empty_ledger: Ledger, a_model: Model) -> None:
    last = an_empty_ledger.last_event(a_model.id)
    assert last is not None
    assert last.originator_version == 4
    assert an_empty_ledger.last_event(UUID(int=0)) is None


def test_what_is_read_up_to_a_position_ends_with_it(an_empty_ledger: Ledger, a_model: Model) -> None:
    stream = an_empty_ledger.read(after=0, limit=100, originator_id=a_model.id)
    for upto in range(7):
        read = an_empty_ledger.read(after=0, limit=100, upto=upto, originator_id=a_model.id)
        assert read == [each for each in stream if each.position <= upto]
