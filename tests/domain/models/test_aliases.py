"""Aliases: mutable pointers to versions."""

import pytest

from domain.errors import InvalidInput
from domain.models import model as models
from domain.models.errors import AliasNotFound, VersionNotFound
from domain.models.events import AliasAssigned, AliasRemoved
from domain.models.values import ModelStatus
from tests.domain.histories import a_model, a_model_with_versions, version_id
from tests.support.given import fact


def a_model_with_the_alias(alias: str = "best"):
    return a_model_with_versions(2).after(models.assign_alias, alias=alias, reference="1.0.0")


def test_an_alias_stands_for_a_version():
    decided = a_model_with_versions(1).when(models.assign_alias, alias="best", reference="1.0.0")
    decided.then(
        fact(AliasAssigned, alias="best", version="1.0.0", version_id=version_id(0), previous_version_id=None)
    )
    assert dict(a_model_with_the_alias().state.aliases) == {"best": version_id(0)}


def test_an_alias_moves_and_says_where_it_was():
    story = a_model_with_the_alias()
    story.when(models.assign_alias, alias="best", reference="1.1.0").then(
        fact(AliasAssigned, version="1.1.0", previous_version_id=version_id(0))
    )
    moved = story.after(models.assign_alias, alias="best", reference="1.1.0").state
    assert models.find_version(moved, "best").number == "1.1.0"


def test_an_alias_that_stands_there_already_changes_nothing():
    a_model_with_the_alias().when(models.assign_alias, alias="best", reference=str(version_id(0))).then()


def test_an_alias_may_be_given_where_another_one_points():
    story = a_model_with_the_alias().after(models.assign_alias, alias="safe", reference="best")
    assert story.state.aliases["safe"] == version_id(0)


def test_an_alias_stays_with_its_version_when_another_is_promoted():
    story = a_model_with_the_alias().after(models.assign_alias, alias="live", reference="1.0.0")
    story = story.after(models.change_status, reference="1.1.0", status=ModelStatus.PRODUCTION)
    assert models.find_version(story.state, "live").number == "1.0.0"


def test_an_alias_needs_a_version():
    decided = a_model().when(models.assign_alias, alias="best", reference="1.0.0")
    decided.not_granted(VersionNotFound, "model.version-not-found")


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "1.0.0",
        "v2",
        "V2",
        "3",
        "1.0-rc",
        "production",
        ".",
        "..",
        "a/b",
        "a:b",
        "a\nb",
        str(version_id(0)),
        "\ud800",
    ],
)
def test_an_alias_may_not_be_taken_for_anything_else(alias):
    decided = a_model_with_versions(1).when(models.assign_alias, alias=alias, reference="1.0.0")
    assert decided.not_granted(InvalidInput, "request.invalid").problems[0].field == "alias"


@pytest.mark.parametrize("alias", ["v", "vienna", "a1.0", "production-eu", "Zürich", "最良"])
def test_other_names_are_aliases(alias):
    assert alias in a_model_with_the_alias(alias).state.aliases


@pytest.mark.parametrize("alias", ["caf\u00e9", "cafe\u0301"])
def test_a_removed_alias_stands_for_nothing(alias):
    story = a_model_with_the_alias("caf\u00e9")
    story.when(models.remove_alias, alias=alias).then(
        fact(AliasRemoved, alias="caf\u00e9", version="1.0.0", version_id=version_id(0))
    )
    assert dict(story.after(models.remove_alias, alias=alias).state.aliases) == {}


def test_an_alias_that_is_not_there_cannot_be_removed():
    decided = a_model_with_the_alias().when(models.remove_alias, alias="worst")
    assert decided.not_granted(AliasNotFound, "model.alias-not-found").details == {"alias": "worst"}
