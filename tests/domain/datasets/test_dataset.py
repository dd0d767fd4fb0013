"""Datasets: immutable tables that jobs learn from."""

import pytest

from domain.datasets import dataset as datasets
from domain.datasets.dataset import require_column
from domain.datasets.errors import RetiredDataset, UnreadableDataset
from domain.datasets.events import DatasetRetired
from domain.datasets.values import COLUMNS_MAX, Column, ColumnType, names_max_bytes
from domain.errors import InvalidInput
from tests.domain.histories import CONTENTS, DATASET_ID, a_dataset
from tests.support.given import fact, provenance


def test_a_registered_dataset_knows_its_contents():
    dataset = a_dataset(target="price").state
    assert (dataset.id, dataset.version, dataset.name, dataset.target) == (DATASET_ID, 1, "houses", "price")
    assert dataset.contents == CONTENTS
    assert not dataset.is_retired


def test_a_dataset_needs_no_target():
    assert a_dataset(target=None).state.target is None


@pytest.mark.parametrize(("target", "hint"), [("prize", " Did you mean 'price'?"), ("Colour", "")])
def test_the_target_is_a_column(target, hint):
    with pytest.raises(InvalidInput) as refused:
        a_dataset(target=target)
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("target", target)
    assert problem.message == f"The dataset has no column {target!r}.{hint}"


def register(**changed):
    arguments = {"name": "houses", "uri": "file:///h.csv", "contents": CONTENTS, "target": None}
    return datasets.register(dataset_id=DATASET_ID, **{**arguments, **changed}, by=provenance())


def test_a_dataset_is_registered_under_the_normal_form_of_its_name():
    assert register(name="cafe\u0301").name == "caf\u00e9"


@pytest.mark.parametrize("changed", [{"name": "a:b"}, {"uri": "x" * 300_000}, {"uri": "file:///\0"}])
def test_name_and_uri_are_text_that_can_be_kept(changed):
    with pytest.raises(InvalidInput) as refused:
        register(**changed)
    assert refused.value.problems[0].field == next(iter(changed))


@pytest.mark.parametrize(
    "names", [["a", "a"], ["\u00e9", "e\u0301"], ["x" * 300_000], [f"{place}" for place in range(COLUMNS_MAX + 1)]]
)
def test_columns_have_names_of_their_own_and_can_be_described_in_an_event(names):
    columns = tuple(Column(name=name, type=ColumnType.NUMERIC, missing=0) for name in names)
    with pytest.raises(UnreadableDataset) as refused:
        register(contents=CONTENTS.model_copy(update={"columns": columns}))
    assert refused.value.code == "dataset.unreadable"


@pytest.mark.parametrize("count", [1, 1_000, COLUMNS_MAX])
def test_so_many_columns_with_names_so_long_as_promised_are_no_trouble(count):
    length = names_max_bytes(count) // count
    names = [f"{place}".ljust(length, "x") for place in range(count)]
    columns = tuple(Column(name=name, type=ColumnType.CATEGORICAL, missing=2**31 - 1) for name in names)
    assert register(contents=CONTENTS.model_copy(update={"columns": columns})).contents.columns == columns


def test_a_retired_dataset_is_offered_no_more():
    story = a_dataset()
    story.when(datasets.retire).then(fact(DatasetRetired, name="houses", originator_version=2))
    retired = story.after(datasets.retire)
    assert retired.state.is_retired
    error = retired.when(datasets.retire).not_granted(RetiredDataset, "dataset.retired")
    assert error.details == {"id": str(DATASET_ID)}


def test_a_column_is_found_by_its_name():
    assert require_column(CONTENTS.columns, "city", field="target").type is ColumnType.CATEGORICAL


def test_a_history_begins_with_the_registration():
    retired = a_dataset().after(datasets.retire).events[1]
    with pytest.raises(ValueError, match="cannot follow"):
        datasets.evolve(None, retired)
