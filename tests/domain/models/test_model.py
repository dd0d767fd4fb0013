"""Registering, describing, renaming and retiring models."""

from datetime import timedelta

import pytest

from domain.bounds import FREE_FORM_MAX_BYTES
from domain.errors import InvalidInput
from domain.models import model as models
from domain.models.errors import RetiredModel
from domain.models.events import ModelDescribed, ModelRegistered, ModelRenamed, ModelRetired
from domain.models.values import ModelStatus, ModelType
from tests.domain.histories import MODEL_ID, a_model, a_model_with_versions, a_retired_model, a_version
from tests.support.given import NOON, fact


def test_a_registered_model_is_what_it_was_registered_as():
    model = a_model("churn", metadata={"team": "a"}).state
    assert (model.id, model.version, model.name) == (MODEL_ID, 1, "churn")
    assert (model.type, model.description) == (ModelType.CLASSIFICATION, "Who leaves")
    assert model.metadata == {"team": "a"}
    assert (dict(model.versions), dict(model.numbers), dict(model.aliases)) == ({}, {}, {})
    assert (model.latest_id, model.production_id, model.is_retired) == (None, None, False)


def test_a_model_is_registered_under_the_normal_form_of_its_name():
    assert a_model("cafe\u0301").state.name == "caf\u00e9"


def test_a_model_knows_when_it_began_and_when_it_last_changed():
    model = a_model().after(models.rename, name="loyalty").state
    assert (model.created_at, model.updated_at) == (NOON, NOON + timedelta(minutes=1))


def test_a_name_that_cannot_be_one_registers_nothing():
    with pytest.raises(InvalidInput) as refused:
        a_model("a/b")
    assert refused.value.problems[0].field == "name"


@pytest.mark.parametrize("where", ["description", "metadata"])
def test_description_and_metadata_are_bounded_together(where):
    half = "x" * (FREE_FORM_MAX_BYTES // 2)
    a_model(description=half)
    with pytest.raises(InvalidInput) as refused:
        a_model(description=half, metadata={"more": half})
    assert "description, metadata together" in refused.value.message
    change = {"description": None, "metadata": {}} | {
        where: half * 2 if where == "description" else {"k": half * 2}
    }
    a_model().when(models.describe, **change).not_granted(InvalidInput, "request.invalid")


def test_describing_sets_description_and_metadata():
    story = a_model()
    decided = story.when(models.describe, description=None, metadata={"team": "b"})
    decided.then(fact(ModelDescribed, description=None, metadata={"team": "b"}, originator_version=2))
    described = story.after(models.describe, description=None, metadata={"team": "b"}).state
    assert (described.version, described.description, described.metadata) == (2, None, {"team": "b"})


def test_describing_a_model_as_it_is_changes_nothing():
    story = a_model(metadata={"a": 1, "b": [True, None]})
    story.when(models.describe, description="Who leaves", metadata={"b": [True, None], "a": 1}).then()


@pytest.mark.parametrize("value", [True, 1.0, "1"])
def test_a_value_that_only_python_takes_for_the_same_is_a_change(value):
    story = a_model(metadata={"flag": 1})
    decided = story.when(models.describe, description="Who leaves", metadata={"flag": value})
    decided.then(fact(ModelDescribed, metadata={"flag": value}))


def test_renaming_says_both_names():
    story = a_model("churn")
    story.when(models.rename, name="loyalty").then(fact(ModelRenamed, name="loyalty", previous_name="churn"))
    assert story.after(models.rename, name="loyalty").state.name == "loyalty"


@pytest.mark.parametrize("name", ["caf\u00e9", "cafe\u0301"])
def test_renaming_a_model_to_its_own_name_changes_nothing(name):
    a_model("caf\u00e9").when(models.rename, name=name).then()


def test_a_model_cannot_be_renamed_to_what_is_no_name():
    a_model().when(models.rename, name="..").not_granted(InvalidInput, "request.invalid")


def test_a_retired_model_keeps_its_versions_and_says_which_name_is_free():
    story = a_model_with_versions(2)
    story.when(models.retire).then(fact(ModelRetired, name="churn"))
    retired = story.after(models.retire).state
    assert retired.is_retired
    assert set(retired.numbers) == {"1.0.0", "1.1.0"}


@pytest.mark.parametrize(
    ("decide", "arguments"),
    [
        (models.describe, {"description": None, "metadata": {}}),
        (models.rename, {"name": "other"}),
        (models.register_version, a_version(9)),
        (models.change_status, {"reference": "1.0.0", "status": ModelStatus.PRODUCTION}),
        (models.assign_alias, {"alias": "worst", "reference": "1.0.0"}),
        (models.remove_alias, {"alias": "best"}),
        (models.retire, {}),
    ],
)
def test_nothing_changes_about_a_retired_model(decide, arguments):
    a_retired_model().when(decide, **arguments).not_granted(RetiredModel, "model.retired")


def test_a_history_begins_with_the_registration():
    renamed = a_model().after(models.rename, name="other").events[1]
    with pytest.raises(ValueError, match=r"does not begin with model\.registered"):
        models.evolve(None, renamed)


def test_registration_is_the_first_event_of_its_stream():
    (event,) = a_model().events
    assert isinstance(event, ModelRegistered)
    assert (event.originator_id, event.originator_version) == (MODEL_ID, 1)
