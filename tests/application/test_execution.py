import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from application.execution import Context, Executed, execute
from application.ledger import Conflict, Ledger
from application.models import handlers
from application.models.commands import ChangeStatus
from domain.commands import KeyReused
from domain.errors import DomainError
from domain.models.errors import NameTaken
from domain.models.values import ModelStatus
from tests.support.commands import a_context, a_registered_model, add_version, answered, nothing_to_load, register
from tests.support.fakes.identity import CountingIdentity


def promote(ledger: Ledger, model: str, version: str, context: Context) -> Executed:
    command = ChangeStatus(status=ModelStatus.PRODUCTION)
    return execute(
        lambda: handlers.change_status(
            model, version, command, context=context, ledger=ledger, make_ready=nothing_to_load
        ),
        ledger=ledger,
        context=context,
        answer=answered,
    )


def test_a_command_without_a_key_is_carried_out_each_time(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    register(an_empty_ledger, "churn", identity=identity)
    with pytest.raises(NameTaken):
        register(an_empty_ledger, "churn", identity=identity)


def test_the_same_command_under_the_same_key_gets_the_stored_answer(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    first = register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k"))
    head = an_empty_ledger.head()
    again = register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k"))
    assert (again.answer, again.position, again.is_replay) == (first.answer, first.position, True)
    assert an_empty_ledger.head() == head


def test_another_command_under_the_same_key_is_refused(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k"))
    with pytest.raises(KeyReused):
        register(an_empty_ledger, "x", identity=identity, context=a_context(key="k", request_hash="another"))


def test_a_refused_command_stores_nothing_and_may_be_sent_again_under_its_key(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    model = a_registered_model(an_empty_ledger, "churn", identity=identity)
    with pytest.raises(NameTaken):
        register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k"))
    context = a_context()
    execute(
        lambda: handlers.retire_model(str(model.id), context=context, ledger=an_empty_ledger),
        ledger=an_empty_ledger,
        context=context,
        answer=answered,
    )
    assert not register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k")).is_replay


def test_one_command_raced_by_eight_has_one_effect(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    barrier = Barrier(8)

    def send(_: int) -> Executed:
        barrier.wait()
        return register(an_empty_ledger, "churn", identity=identity, context=a_context(key="k"))

    with ThreadPoolExecutor(8) as threads:
        executed = list(threads.map(send, range(8)))
    assert len({each.position for each in executed}) == 1
    assert len({each.answer.body for each in executed}) == 1
    assert sum(not each.is_replay for each in executed) == 1
    assert an_empty_ledger.head() == 3  # registered, reserved, completed


def test_of_many_who_take_a_name_at_once_one_gets_it_and_the_others_are_told_so(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    barrier = Barrier(8)

    def take(_: int) -> Executed | DomainError:
        barrier.wait()
        try:
            return register(an_empty_ledger, "churn", identity=identity)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(take, range(8)))
    refused = [each for each in outcomes if isinstance(each, DomainError)]
    assert len(refused) == 7
    assert {type(each) for each in refused} == {NameTaken}


def test_of_two_concurrent_promotions_one_wins_and_one_is_told_of_the_conflict(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    model = a_registered_model(an_empty_ledger, "churn", identity=identity)
    versions = [add_version(an_empty_ledger, model, identity=identity).version for _ in range(2)]
    read = Barrier(2)

    def promote_together(version: str) -> Executed | DomainError:
        context = a_context()
        command = ChangeStatus(status=ModelStatus.PRODUCTION)
        decided = 0

        def decide() -> object:
            nonlocal decided
            outcome = handlers.change_status(
                "churn", version, command, context=context, ledger=an_empty_ledger, make_ready=nothing_to_load
            )
            decided += 1
            if decided == 1:
                read.wait()
            return outcome

        try:
            return execute(decide, ledger=an_empty_ledger, context=context, answer=answered)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(promote_together, versions))
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "Executed"]
    after = an_empty_ledger.model(model.id)
    assert after is not None
    in_production = [each for each in after.versions.values() if each.status is ModelStatus.PRODUCTION]
    assert [each.id for each in in_production] == [after.production_id]
    assert isinstance(next(each for each in outcomes if isinstance(each, DomainError)), Conflict)


def test_a_command_that_changes_nothing_stores_nothing(an_empty_ledger: Ledger) -> None:
    identity = CountingIdentity()
    model = a_registered_model(an_empty_ledger, "churn", identity=identity)
    version = add_version(an_empty_ledger, model, identity=identity).version
    first = promote(an_empty_ledger, "churn", version, a_context())
    again = promote(an_empty_ledger, "churn", version, a_context())
    assert again.position == first.position == an_empty_ledger.head()
    assert json.loads(again.answer.body or "")["status"] == "production"
