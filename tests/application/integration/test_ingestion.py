import random
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import KeyReused
from domain.datasets.errors import DatasetNotFound
from domain.errors import InvalidInput
from tests.support.examples import examples
from tests.support.neighbourhood import Neighbourhood


def test_data_of_an_unknown_name_begin_a_dataset_of_that_name(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("a.csv"))
    (dataset,) = a_neighbourhood.datasets()
    assert (dataset["name"], dataset["supersedes"], dataset["target"]) == ("orders", None, None)
    assert (dataset["series_id"], dataset["generation"]) == (dataset["id"], 1)


def test_new_data_of_a_known_dataset_supersede_its_newest_state(a_neighbourhood: Neighbourhood) -> None:
    for number in range(1, 4):
        uri = a_neighbourhood.lies(f"{number}.csv", rows=40 + number)
        a_neighbourhood.told(f"event {number}", dataset_id="orders", uri=uri)
    first, second, third = a_neighbourhood.datasets()
    assert [each["name"] for each in (first, second, third)] == ["orders", "orders-2", "orders-3"]
    assert [each["supersedes"] for each in (first, second, third)] == [None, first["id"], second["id"]]
    assert {each["series_id"] for each in (first, second, third)} == {first["id"]}


@pytest.mark.parametrize("member", [0, 1])
def test_any_state_of_a_series_may_be_named_by_its_id(a_neighbourhood: Neighbourhood, member: int) -> None:
    a_neighbourhood.told("1", dataset_id="orders", uri=a_neighbourhood.lies("a.csv"))
    a_neighbourhood.told("2", dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    named = a_neighbourhood.datasets()[member]["id"]
    a_neighbourhood.told("3", dataset_id=named, uri=a_neighbourhood.lies("c.csv", rows=42))
    assert a_neighbourhood.datasets()[-1]["generation"] == 3


def test_a_superseding_dataset_keeps_the_target(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    assert [each["target"] for each in a_neighbourhood.datasets()] == ["churned", "churned"]


def test_data_without_the_target_are_refused(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    with pytest.raises(InvalidInput, match="churned"):
        a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("b.csv", target="left"))
    assert len(a_neighbourhood.datasets()) == 1


def test_a_name_that_others_have_taken_is_passed_over(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders")
    a_neighbourhood.a_dataset("orders-2")
    a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    newest = a_neighbourhood.datasets()[-1]
    assert (newest["name"], newest["generation"]) == ("orders-3", 2)


def test_a_series_whose_first_dataset_is_retired_goes_on_under_its_name(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders")
    a_neighbourhood.told("1", dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    a_neighbourhood.retire_dataset("orders")
    a_neighbourhood.told("2", dataset_id="orders", uri=a_neighbourhood.lies("c.csv", rows=42))
    assert [each["name"] for each in a_neighbourhood.datasets()] == ["orders", "orders-2", "orders-3"]


def test_a_series_of_which_nothing_is_offered_any_more_begins_anew(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders")
    a_neighbourhood.retire_dataset("orders")
    a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    newest = a_neighbourhood.datasets()[-1]
    assert (newest["name"], newest["supersedes"], newest["generation"]) == ("orders", None, 1)


@pytest.mark.parametrize("uri", [None, "again.csv"])
def test_nothing_new_registers_nothing_and_still_trains(a_neighbourhood: Neighbourhood, uri: str | None) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    a_neighbourhood.a_model("churn", follows="orders")
    a_neighbourhood.lies("again.csv")  # the same bytes as those of the dataset
    a_neighbourhood.told(dataset_id="orders", **({} if uri is None else {"uri": uri}))
    assert a_neighbourhood.trained() == [("churn", "orders")]
    assert not list((a_neighbourhood.artifacts.incoming()).parent.iterdir())


@pytest.mark.parametrize(
    "payload",
    [
        {"dataset_id": "orders"},
        {"dataset_id": str(uuid4()), "uri": "a.csv"},
    ],
)
def test_data_that_nobody_can_place_are_refused_with_what_to_do(
    a_neighbourhood: Neighbourhood, payload: dict[str, str]
) -> None:
    a_neighbourhood.lies("a.csv")
    with pytest.raises(DatasetNotFound, match="register it, or announce it by a name and with the uri"):
        a_neighbourhood.told(**payload)


@pytest.mark.parametrize(
    "payload",
    [{}, {"dataset_id": 5}, {"dataset_id": ""}, {"dataset_id": "x" * 256}, {"dataset_id": "a", "uri": 5}],
)
def test_an_event_that_does_not_say_what_it_should_is_refused(
    a_neighbourhood: Neighbourhood, payload: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput, match=r"payload\."):
        a_neighbourhood.told(**payload)


def test_models_that_follow_any_state_of_the_series_are_trained_on_the_newest(
    a_neighbourhood: Neighbourhood,
) -> None:
    first = a_neighbourhood.a_dataset("orders", target="churned")
    a_neighbourhood.a_dataset("visits", target="churned")
    a_neighbourhood.a_model("by-name", follows="orders")
    a_neighbourhood.a_model("by-id", follows=first)
    a_neighbourhood.a_model("of-its-own", follows="visits")
    a_neighbourhood.a_model("by-hand")
    a_neighbourhood.a_model("retired", follows="orders")
    a_neighbourhood.retire_model("retired")
    a_neighbourhood.told("1", dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))
    assert a_neighbourhood.trained() == [("by-id", "orders-2"), ("by-name", "orders-2")]
    a_neighbourhood.a_model("of-the-second", follows="orders-2")
    a_neighbourhood.told("2", dataset_id="orders")
    assert a_neighbourhood.trained().count(("of-the-second", "orders-2")) == 1


def test_a_model_that_follows_a_dataset_yet_to_come_is_trained_when_it_comes(
    a_neighbourhood: Neighbourhood,
) -> None:
    a_neighbourhood.a_model("churn", follows="orders", target="churned")
    a_neighbourhood.told(dataset_id="orders", uri=a_neighbourhood.lies("a.csv"))
    (job,) = a_neighbourhood.jobs()
    assert job["hyperparameters"] == {"target": "churned"}


def test_what_follows_from_an_event_tells_of_it(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_model("churn", follows="orders", target="churned")
    event_id = uuid4()
    a_neighbourhood.told(str(event_id), dataset_id="orders", uri=a_neighbourhood.lies("a.csv"))
    for topic in ("dataset.registered.v1", "training-job.requested.v1", "command.completed.v1"):
        for event in a_neighbourhood.events(topic):
            assert event.provenance.actor == "event:/ingestion"
            assert event.provenance.causation_id == event_id
            assert event.provenance.correlation_id == str(event_id)
            assert event.provenance.reason == f"reacts to data.ingestion.completed {event_id}"


def test_the_refusal_of_one_model_does_not_keep_the_others_from_training(
    a_neighbourhood: Neighbourhood, caplog: pytest.LogCaptureFixture
) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    unfit = a_neighbourhood.a_model("unfit", follows="orders", target="absent")
    a_neighbourhood.a_model("churn", follows="orders")
    assert not a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.trained() == [("churn", "orders")]
    assert a_neighbourhood.reactions.untrained == 1
    (told,) = caplog.messages
    assert str(unfit) in told
    assert "absent" in told
    a_neighbourhood.describe("unfit", dataset_id="orders", hyperparameters={"target": "city"})
    assert not a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.trained() == [("churn", "orders"), ("unfit", "orders")]
    assert a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.reactions.untrained == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"auto_train": {"dataset_id": "orders", "hyperparameters": [{"seed": 1}]}},
        {"auto_train": {"dataset_id": "orders", "hyperparameters": {"num_leaves": "many"}}},
        {"auto_train": {"dataset_id": ["orders"]}},
        {"auto_train": [{"dataset_id": "orders"}]},
        {"auto_train": "orders"},
        {"auto_train.dataset_id": "orders"},
    ],
)
def test_whatever_older_metadata_say_the_other_models_are_trained(
    a_neighbourhood: Neighbourhood, metadata: dict[str, object]
) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    a_neighbourhood.an_old_model("old", **metadata)
    a_neighbourhood.a_model("churn", follows="orders")
    assert not a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.trained() == [("churn", "orders")]


def test_a_model_that_follows_nothing_any_more_is_not_waited_for(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    a_neighbourhood.a_model("unfit", follows="orders", target="absent")
    assert not a_neighbourhood.told(dataset_id="orders")
    a_neighbourhood.describe("unfit")
    assert not a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.trained() == []


def test_an_event_that_comes_again_trains_no_model_that_was_registered_since(
    a_neighbourhood: Neighbourhood,
) -> None:
    a_neighbourhood.a_dataset("orders", target="churned")
    assert not a_neighbourhood.told(dataset_id="orders")
    a_neighbourhood.a_model("churn", follows="orders")
    assert a_neighbourhood.told(dataset_id="orders")
    assert a_neighbourhood.jobs() == []


def test_another_event_under_the_same_id_is_refused(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.a_dataset("orders")
    a_neighbourhood.told("one", dataset_id="orders")
    with pytest.raises(KeyReused):
        a_neighbourhood.told("one", dataset_id="orders", uri=a_neighbourhood.lies("b.csv", rows=41))


def test_what_cannot_be_registered_leaves_no_bytes_behind(a_neighbourhood: Neighbourhood) -> None:
    (a_neighbourhood.data / "broken.csv").write_text("a,a\n1,2\n")
    with pytest.raises(InvalidInput):
        a_neighbourhood.told(dataset_id="orders", uri="broken.csv")
    assert not list((a_neighbourhood.artifacts.incoming()).parent.iterdir())


def test_an_updated_model_is_looked_up_anew_and_a_ping_changes_nothing(a_neighbourhood: Neighbourhood) -> None:
    a_neighbourhood.told(type="metadata.model.updated", model_id="churn")
    a_neighbourhood.told(type="broker_service.ping")
    assert a_neighbourhood.refreshed == ["churn"]
    assert a_neighbourhood.ledger.head() == 0


KNOWN = st.tuples(st.sampled_from(["orders", "visits"]), st.sampled_from([None, 40, 41, 42]))
UNKNOWN = st.tuples(st.just("clicks"), st.sampled_from([40, 41, 42]))
EVENTS = st.lists(KNOWN | UNKNOWN, max_size=6)


@settings(max_examples=examples(8))
@given(events=EVENTS, seed=st.randoms(use_true_random=False))
def test_however_often_events_come_and_however_datasets_are_mixed_the_outcome_is_the_same(
    events: list[tuple[str, int | None]], seed: random.Random
) -> None:
    once = [(number, name, rows) for number, (name, rows) in enumerate(events)]
    assert outcome(once) == outcome(shuffled_across_datasets(once * 3, seed))


def outcome(events: list[tuple[int, str, int | None]]) -> object:
    with tempfile.TemporaryDirectory() as directory, Neighbourhood(Path(directory)) as neighbourhood:
        for name in ("orders", "visits"):
            neighbourhood.a_dataset(name, target="churned")
            neighbourhood.a_model(f"follows-{name}", follows=name)
        for number, name, rows in events:
            uri = {} if rows is None else {"uri": neighbourhood.lies(f"{rows}.csv", rows=rows)}
            neighbourhood.told(str(number), dataset_id=name, **uri)
        datasets = {each["name"]: (each["sha256"], each["generation"]) for each in neighbourhood.datasets()}
        return datasets, neighbourhood.trained()


def shuffled_across_datasets(
    events: list[tuple[int, str, int | None]], chance: random.Random
) -> list[tuple[int, str, int | None]]:
    """Mix the events of different datasets; those of one first come in their order, then again in any."""
    by_name: dict[str, list[tuple[int, str, int | None]]] = {}
    for event in events:
        by_name.setdefault(event[1], []).append(event)
    for each in by_name.values():
        first = sorted(set(each), key=lambda event: event[0])
        again = first * 2
        chance.shuffle(again)
        each[:] = first + again
    mixed = []
    while waiting := [each for each in by_name.values() if each]:
        mixed.append(chance.choice(waiting).pop(0))
    return mixed
